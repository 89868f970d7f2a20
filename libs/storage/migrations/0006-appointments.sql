-- What two administrators may change about officers, and how one who was added or reset comes to factors of their own.

-- One-time codes with which an officer comes to factors of their own. Keyed digests of two halves, one for each
-- administrator: neither of them alone can enrol in the officer's place.
CREATE TABLE enrolments (
  officer_id     uuid PRIMARY KEY REFERENCES officers,
  change_id      uuid NOT NULL UNIQUE REFERENCES changes,
  proposer_half  text NOT NULL CHECK (proposer_half ~ '^[0-9a-f]{64}$'),
  confirmer_half text NOT NULL UNIQUE CHECK (confirmer_half ~ '^[0-9a-f]{64}$'),
  expires_at     timestamptz NOT NULL,
  -- The second factor that was shown and is not proved yet, sealed as it will be with the officer.
  sealed_totp    bytea
);

CREATE FUNCTION issue_enrolment(c changes, p_officer uuid, p_given jsonb, p_at timestamptz) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM enrolments WHERE officer_id = p_officer;
  INSERT INTO enrolments (officer_id, change_id, proposer_half, confirmer_half, expires_at)
    VALUES (p_officer, c.id, c.kept ->> 'half', p_given ->> 'half', p_at + interval '24 hours');
END $$;

-- Two administrators remain who can sign in, or nobody could change anything any more.
CREATE FUNCTION must_keep_administrators() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  -- One after the other, so that two such changes do not each count on the officer whom the other one takes away.
  PERFORM pg_advisory_xact_lock(4608194);
  IF (SELECT count(*) FROM officers WHERE enabled AND password_hash IS NOT NULL AND 'administrator' = ANY (roles)) < 2 THEN PERFORM refuse('ADMINISTRATORS_TOO_FEW'); END IF;
END $$;

CREATE FUNCTION apply_officer_add(c changes, p_given jsonb, p_at timestamptz) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO officers (id, user_name, display_name, roles, destinations)
    VALUES ((c.kept ->> 'officer')::uuid, c.payload ->> 'userName', c.payload ->> 'displayName', ARRAY(SELECT jsonb_array_elements_text(c.payload -> 'roles')),
            ARRAY(SELECT jsonb_array_elements_text(c.payload -> 'destinations')))
    ON CONFLICT (user_name) DO NOTHING;
  IF NOT FOUND THEN PERFORM refuse('USER_NAME_TAKEN'); END IF;
  PERFORM issue_enrolment(c, (c.kept ->> 'officer')::uuid, p_given, p_at);
END $$;

-- A partner keeps its destinations where nothing is said of them; who is no partner any more has none.
CREATE FUNCTION apply_officer_change(c changes, p_given jsonb, p_at timestamptz) RETURNS void LANGUAGE plpgsql AS $$
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

-- The old factors are gone at once: they are lost, or in wrong hands.
CREATE FUNCTION apply_officer_reset(c changes, p_given jsonb, p_at timestamptz) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  id_of uuid := (c.payload ->> 'officer')::uuid;
BEGIN
  UPDATE officers SET password_hash = NULL, sealed_totp = NULL WHERE id = id_of;
  IF NOT FOUND THEN PERFORM refuse('OFFICER_INVALID'); END IF;
  DELETE FROM passkeys WHERE officer_id = id_of;
  UPDATE sessions SET ended_at = p_at, ended_cause = 'reset' WHERE officer_id = id_of AND ended_at IS NULL;
  PERFORM issue_enrolment(c, id_of, p_given, p_at);
END $$;

-- Uses up an enrolment: the officer's own password and second factor, of which one code was proved (`p_step`).
CREATE FUNCTION enrol_officer(p_officer uuid, p_proposer_half text, p_confirmer_half text, p_at timestamptz, p_password_hash text, p_sealed_totp bytea,
                              p_step bigint, p_facts text[])
  RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  said jsonb := p_facts[1]::jsonb;
BEGIN
  DELETE FROM enrolments WHERE officer_id = p_officer AND proposer_half = p_proposer_half AND confirmer_half = p_confirmer_half AND expires_at > p_at;
  IF NOT FOUND THEN PERFORM refuse('ENROLMENT_INVALID'); END IF;
  UPDATE officers SET password_hash = p_password_hash, sealed_totp = p_sealed_totp, totp_last_step = p_step WHERE id = p_officer AND password_hash IS NULL;
  IF NOT FOUND THEN PERFORM refuse('ENROLMENT_INVALID'); END IF;
  IF cardinality(p_facts) IS DISTINCT FROM 1 OR said ->> 'type' IS DISTINCT FROM 'officer.enrolled' OR said ->> 'actor' IS DISTINCT FROM 'officer:' || p_officer THEN
    RAISE EXCEPTION USING ERRCODE = 'FM003', MESSAGE = 'an enrolment is written with its own fact';
  END IF;
  PERFORM link_facts(p_facts);
END $$;

GRANT SELECT, UPDATE (sealed_totp) ON enrolments TO findme_app;
GRANT EXECUTE ON FUNCTION enrol_officer(uuid, text, text, timestamptz, text, bytea, bigint, text[]) TO findme_app;
