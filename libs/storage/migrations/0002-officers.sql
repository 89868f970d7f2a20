-- Officers, their sessions, and the spacing of their sign-ins.

CREATE TABLE officers (
  id             uuid PRIMARY KEY,
  user_name      text COLLATE "C" NOT NULL UNIQUE,
  display_name   text NOT NULL,
  -- Who audits or administers has that role alone, as in libs/identity/officer.ts.
  roles          text[] NOT NULL CHECK (roles <@ ARRAY['author', 'approver', 'auditor', 'administrator'] AND cardinality(roles) > 0
                                        AND (cardinality(roles) = 1 OR NOT roles && ARRAY['auditor', 'administrator'])),
  enabled        boolean NOT NULL DEFAULT true,
  -- PHC string of scrypt.
  password_hash  text NOT NULL,
  -- Secret of the second factor, sealed under the master key, which the database never has.
  sealed_totp    bytea NOT NULL,
  -- The last time step whose one-time code was used (RFC 6238 section 5.2): a code counts once.
  totp_last_step bigint NOT NULL DEFAULT 0,
  created_at     timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE sessions (
  id         uuid PRIMARY KEY,
  officer_id uuid NOT NULL REFERENCES officers,
  -- SHA-256 of the token; the token itself is kept by the browser alone.
  token_hash text NOT NULL UNIQUE CHECK (token_hash ~ '^[0-9a-f]{64}$'),
  opened_at  timestamptz NOT NULL,
  seen_at    timestamptz NOT NULL,
  ended_at   timestamptz,
  CHECK (seen_at >= opened_at)
);
CREATE INDEX sessions_officer ON sessions (officer_id) WHERE ended_at IS NULL;

-- Spacing of sign-ins: failures by keyed digests of desk, source and account. No facts: they may be lost.
CREATE TABLE sign_in_counters (
  key         text PRIMARY KEY,
  -- Not whole where failures drain away evenly.
  failures    double precision NOT NULL CHECK (failures >= 0),
  at          timestamptz NOT NULL,
  known_until timestamptz
);
CREATE INDEX sign_in_counters_age ON sign_in_counters (at);

-- The application cannot make an officer or give a role: that is the owner's, by the command line. A session is opened
-- once and ended once; who it belongs to never changes.
GRANT SELECT, UPDATE (totp_last_step, password_hash) ON officers TO findme_app;
GRANT SELECT, INSERT, UPDATE (seen_at, ended_at) ON sessions TO findme_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON sign_in_counters TO findme_app;
