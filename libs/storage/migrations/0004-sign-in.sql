-- Signing in: sessions, passkeys beside passwords with one-time codes, and the spacing of tries.

CREATE TABLE sessions (
  id          uuid PRIMARY KEY,
  officer_id  uuid NOT NULL REFERENCES officers,
  -- SHA-256 of the token; the token itself is kept by the browser alone.
  token_hash  text NOT NULL UNIQUE CHECK (token_hash ~ '^[0-9a-f]{64}$'),
  opened_at   timestamptz NOT NULL,
  seen_at     timestamptz NOT NULL,
  ended_at    timestamptz,
  ended_cause text CHECK (ended_cause IN ('signed_out', 'ended_elsewhere', 'too_many_tries', 'disabled', 'reset')),
  method      text NOT NULL DEFAULT 'password+totp' CHECK (method IN ('password+totp', 'passkey')),
  CHECK (seen_at >= opened_at),
  CHECK (ended_cause IS NULL OR ended_at IS NOT NULL)
);
CREATE INDEX sessions_officer ON sessions (officer_id) WHERE ended_at IS NULL;

-- WebAuthn Level 3.
CREATE TABLE passkeys (
  id            uuid PRIMARY KEY,
  officer_id    uuid NOT NULL REFERENCES officers,
  -- As the authenticator names it, in base64url.
  credential_id text COLLATE "C" NOT NULL UNIQUE CHECK (credential_id ~ '^[A-Za-z0-9_-]+$' AND length(credential_id) <= 1400),
  -- COSE key (RFC 9052).
  public_key    bytea NOT NULL,
  -- Of the authenticator's signatures; it only grows, or stays 0 where an authenticator does not count.
  counter       bigint NOT NULL CHECK (counter >= 0),
  transports    text[] NOT NULL,
  -- What the officer calls it.
  name          text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 80),
  created_at    timestamptz NOT NULL,
  last_used_at  timestamptz
);
CREATE INDEX passkeys_officer ON passkeys (officer_id);

-- Challenges that wait for their one answer. A row is deleted by the first answer, right or wrong.
CREATE TABLE passkey_challenges (
  hash       text PRIMARY KEY CHECK (hash ~ '^[0-9a-f]{64}$'),
  ceremony   text NOT NULL CHECK (ceremony IN ('register', 'sign_in', 'step_up')),
  session_id uuid REFERENCES sessions,
  -- What a step-up proves: an alert and its content hash, a change. Canonical JSON.
  purpose    text,
  expires_at timestamptz NOT NULL,
  CHECK ((ceremony = 'sign_in') = (session_id IS NULL)),
  CHECK ((ceremony = 'step_up') = (purpose IS NOT NULL))
);
CREATE INDEX passkey_challenges_session ON passkey_challenges (session_id, ceremony);
CREATE INDEX passkey_challenges_age ON passkey_challenges (expires_at);

-- Spacing of sign-ins: failures by keyed digests of desk, source and account. No facts: they may be lost.
CREATE TABLE sign_in_counters (
  key         text PRIMARY KEY,
  -- Not whole where failures drain away evenly.
  failures    double precision NOT NULL CHECK (failures >= 0),
  at          timestamptz NOT NULL,
  known_until timestamptz
);
CREATE INDEX sign_in_counters_age ON sign_in_counters (at);

-- A session is opened once and ended once; who it belongs to never changes.
GRANT SELECT, INSERT, UPDATE (seen_at, ended_at, ended_cause) ON sessions TO findme_app;
GRANT SELECT, INSERT, DELETE, UPDATE (counter, last_used_at) ON passkeys TO findme_app;
GRANT SELECT, INSERT, DELETE ON passkey_challenges TO findme_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON sign_in_counters TO findme_app;
