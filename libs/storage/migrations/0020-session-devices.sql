-- What a session was opened with, in two words of closed lists, so that officers recognise their own. The header that the
-- browser sent is not kept. Both are null where either is of no known family.
ALTER TABLE sessions
  ADD COLUMN browser text CHECK (browser IN ('chrome', 'edge', 'firefox', 'safari')),
  ADD COLUMN system  text CHECK (system IN ('windows', 'macos', 'linux', 'android', 'ios')),
  ADD CHECK ((browser IS NULL) = (system IS NULL));
