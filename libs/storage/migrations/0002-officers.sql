CREATE TABLE officers (
  id             uuid PRIMARY KEY,
  user_name      text NOT NULL UNIQUE,
  display_name   text NOT NULL,
  roles          text[] NOT NULL CHECK (roles <@ ARRAY['author', 'approver', 'auditor', 'administrator']),
  enabled        boolean NOT NULL DEFAULT true,
  password_hash  text NOT NULL,
  totp_secret    bytea NOT NULL,
  -- The last time step whose one-time code was used (RFC 6238 section 5.2): a code counts once.
  totp_last_step bigint NOT NULL DEFAULT 0,
  created_at     timestamptz NOT NULL
);

CREATE TABLE sessions (
  id         uuid PRIMARY KEY,
  officer_id uuid NOT NULL REFERENCES officers,
  token_hash text NOT NULL UNIQUE,
  opened_at  timestamptz NOT NULL,
  seen_at    timestamptz NOT NULL,
  ended_at   timestamptz
);
CREATE INDEX sessions_officer ON sessions (officer_id) WHERE ended_at IS NULL;

-- Spacing of failed sign-ins, by account and source and by source alone.
CREATE TABLE sign_in_failures (
  bucket   text PRIMARY KEY,
  failures integer NOT NULL,
  last_at  timestamptz NOT NULL
);

-- The application cannot make an officer or give a role: that is the owner's, by the command line.
GRANT SELECT, UPDATE (totp_last_step, password_hash) ON officers TO findme_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON sessions, sign_in_failures TO findme_app;
