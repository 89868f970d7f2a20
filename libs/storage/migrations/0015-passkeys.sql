-- Passkeys (WebAuthn Level 3) beside passwords with one-time codes, and why a session ended.

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

ALTER TABLE sessions
  ADD COLUMN ended_cause text CHECK (ended_cause IN ('signed_out', 'ended_elsewhere', 'too_many_tries', 'disabled', 'reset')),
  ADD COLUMN method text NOT NULL DEFAULT 'password+totp' CHECK (method IN ('password+totp', 'passkey')),
  ADD CHECK (ended_cause IS NULL OR ended_at IS NOT NULL);

CREATE OR REPLACE FUNCTION apply_officer_change(c changes, p_given jsonb, p_at timestamptz) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  id_of uuid := (c.payload ->> 'officer')::uuid;
  before officers;
  after officers;
BEGIN
  SELECT * INTO before FROM officers WHERE id = id_of FOR UPDATE;
  UPDATE officers SET roles = ARRAY(SELECT jsonb_array_elements_text(c.payload -> 'roles')), enabled = (c.payload ->> 'enabled')::boolean,
         destinations = CASE WHEN c.payload ? 'destinations' THEN ARRAY(SELECT jsonb_array_elements_text(c.payload -> 'destinations'))
                             WHEN c.payload -> 'roles' ? 'partner' THEN before.destinations ELSE '{}' END
    WHERE id = id_of RETURNING * INTO after;
  IF NOT FOUND THEN PERFORM refuse('OFFICER_INVALID'); END IF;
  IF NOT after.enabled THEN UPDATE sessions SET ended_at = p_at, ended_cause = 'disabled' WHERE officer_id = id_of AND ended_at IS NULL; END IF;
  IF before.enabled AND 'administrator' = ANY (before.roles) AND NOT (after.enabled AND 'administrator' = ANY (after.roles)) THEN PERFORM must_keep_administrators(); END IF;
END $$;

CREATE OR REPLACE FUNCTION apply_officer_reset(c changes, p_given jsonb, p_at timestamptz) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  id_of uuid := (c.payload ->> 'officer')::uuid;
BEGIN
  UPDATE officers SET password_hash = NULL, sealed_totp = NULL WHERE id = id_of;
  IF NOT FOUND THEN PERFORM refuse('OFFICER_INVALID'); END IF;
  DELETE FROM passkeys WHERE officer_id = id_of;
  UPDATE sessions SET ended_at = p_at, ended_cause = 'reset' WHERE officer_id = id_of AND ended_at IS NULL;
  PERFORM issue_enrolment(c, id_of, p_given, p_at);
END $$;

GRANT SELECT, INSERT, DELETE, UPDATE (counter, last_used_at) ON passkeys TO findme_app;
GRANT SELECT, INSERT, DELETE ON passkey_challenges TO findme_app;
GRANT UPDATE (ended_cause) ON sessions TO findme_app;
