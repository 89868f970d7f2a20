-- Officers, and what they may do. Partners' accounts are officers too.

CREATE TABLE officers (
  id             uuid PRIMARY KEY,
  user_name      text COLLATE "C" NOT NULL UNIQUE,
  display_name   text NOT NULL,
  -- Who audits, administers or is a partner has that role alone, as in libs/identity/officer.ts.
  roles          text[] NOT NULL CHECK (roles <@ ARRAY['author', 'approver', 'auditor', 'administrator', 'partner'] AND cardinality(roles) > 0
                                        AND (cardinality(roles) = 1 OR NOT roles && ARRAY['auditor', 'administrator', 'partner'])),
  enabled        boolean NOT NULL DEFAULT true,
  -- PHC string of scrypt. Who has not enrolled yet, or whose sign-in was reset, has no factors and cannot sign in.
  password_hash  text,
  -- Secret of the second factor, sealed under the master key, which the database never has.
  sealed_totp    bytea,
  -- The last time step whose one-time code was used (RFC 6238 section 5.2): a code counts once.
  totp_last_step bigint NOT NULL DEFAULT 0,
  created_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
  -- Who is a partner answers for at least one destination; nobody else answers for any.
  destinations   text[] COLLATE "C" NOT NULL DEFAULT '{}',
  CONSTRAINT officers_both_factors CHECK ((password_hash IS NULL) = (sealed_totp IS NULL)),
  CONSTRAINT officers_destinations_check CHECK (('partner' = ANY (roles)) = (cardinality(destinations) > 0) AND array_position(destinations, NULL) IS NULL)
);

CREATE FUNCTION must_hold_role(officer uuid, VARIADIC any_of text[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM officers WHERE id = officer AND enabled AND roles && any_of) THEN PERFORM refuse('ROLE_MISSING'); END IF;
END $$;

CREATE FUNCTION must_own(officer uuid, destination text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM officers o WHERE o.id = officer AND o.enabled AND 'partner' = ANY (o.roles) AND destination = ANY (o.destinations)) THEN
    PERFORM refuse('ROLE_MISSING');
  END IF;
END $$;

-- A password hash is replaced by a better hash of the same password; an officer without one gets it by enrolling alone.
CREATE FUNCTION keep_factors() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.password_hash IS NULL AND NEW.password_hash IS NOT NULL AND current_user = 'findme_app' THEN
    RAISE EXCEPTION USING ERRCODE = 'FM001', MESSAGE = 'ENROLMENT_INVALID';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER officers_keep_factors BEFORE UPDATE OF password_hash ON officers FOR EACH ROW EXECUTE FUNCTION keep_factors();

-- The application cannot make an officer or give a role: that is the owner's, by the command line, and two administrators'.
GRANT SELECT, UPDATE (totp_last_step, password_hash) ON officers TO findme_app;
