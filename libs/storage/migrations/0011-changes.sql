-- Changes that two administrators make: one proposes, another confirms, and only then is anything changed. And how an
-- officer who was added or reset so comes to factors of their own.

-- An officer who has not enrolled yet, or whose sign-in was reset, has no factors and cannot sign in.
ALTER TABLE officers ALTER COLUMN password_hash DROP NOT NULL, ALTER COLUMN sealed_totp DROP NOT NULL,
  ADD CONSTRAINT officers_both_factors CHECK ((password_hash IS NULL) = (sealed_totp IS NULL));

CREATE TABLE changes (
  id          uuid PRIMARY KEY,
  -- `apply_<kind>`, with `_` for the dot, is the function that carries it out.
  kind        text COLLATE "C" NOT NULL CHECK (kind ~ '^[a-z]+(\.[a-z_]+)+$'),
  -- What it is about: `officer:<id>`, `destination:<id>`.
  subject     text COLLATE "C" NOT NULL,
  payload     jsonb NOT NULL,
  -- Made when it was proposed, for `apply_<kind>`; shown to nobody.
  kept        jsonb NOT NULL,
  -- Secrets of the payload, sealed under the master key.
  sealed      bytea,
  proposed_by uuid NOT NULL REFERENCES officers,
  proposed_at timestamptz NOT NULL,
  expires_at  timestamptz NOT NULL,
  status      text NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'confirmed', 'refused', 'taken_back', 'expired')),
  decided_by  uuid REFERENCES officers,
  decided_at  timestamptz,
  -- Why it was refused, sealed under the master key.
  reason      bytea,
  CHECK (expires_at > proposed_at AND expires_at <= proposed_at + interval '72 hours'),
  CHECK ((status = 'open') = (decided_at IS NULL)),
  CHECK ((status IN ('open', 'expired')) = (decided_by IS NULL)),
  CHECK (status NOT IN ('confirmed', 'refused') OR decided_by <> proposed_by),
  CHECK (status <> 'taken_back' OR decided_by = proposed_by),
  CHECK ((status = 'refused') = (reason IS NOT NULL))
);
-- One at a time about one thing: what is confirmed is a change of what the second administrator saw.
CREATE UNIQUE INDEX changes_open ON changes (subject) WHERE status = 'open';
CREATE INDEX changes_latest ON changes (proposed_at DESC, id);

-- What was settled stays so, and what was proposed never becomes something else.
CREATE FUNCTION keep_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.status <> 'open' OR (NEW.kind, NEW.subject, NEW.payload, NEW.kept, NEW.sealed, NEW.proposed_by, NEW.proposed_at, NEW.expires_at)
     IS DISTINCT FROM (OLD.kind, OLD.subject, OLD.payload, OLD.kept, OLD.sealed, OLD.proposed_by, OLD.proposed_at, OLD.expires_at) THEN
    RAISE EXCEPTION USING ERRCODE = 'FM002', MESSAGE = 'a change is settled once and never edited';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER changes_kept BEFORE UPDATE ON changes FOR EACH ROW EXECUTE FUNCTION keep_change();
CREATE TRIGGER changes_not_deleted BEFORE DELETE OR TRUNCATE ON changes FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- The first fact is that of the change itself; the others say what it did, and decide nothing about alerts.
CREATE FUNCTION state_change(p_change uuid, p_by uuid, p_type text, p_facts text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  said jsonb := p_facts[1]::jsonb;
BEGIN
  IF said ->> 'type' IS DISTINCT FROM p_type OR said -> 'body' ->> 'change' IS DISTINCT FROM p_change::text
     OR EXISTS (SELECT FROM unnest(p_facts) AS f (record) WHERE f.record::jsonb ->> 'actor' IS DISTINCT FROM
                (CASE p_by WHEN '00000000-0000-0000-0000-000000000000' THEN 'system' ELSE 'officer:' || p_by END))
     OR EXISTS (SELECT FROM unnest(p_facts[2:]) AS f (record) WHERE f.record::jsonb ->> 'type' ~ '^(alert|revision|change)\.') THEN
    RAISE EXCEPTION USING ERRCODE = 'FM003', MESSAGE = 'a change is written with its own fact';
  END IF;
  PERFORM link_facts(p_facts);
END $$;

CREATE FUNCTION propose_change(p_change uuid, p_kind text, p_subject text, p_payload jsonb, p_kept jsonb, p_sealed bytea, p_by uuid, p_at timestamptz,
                               p_expires timestamptz, p_facts text[])
  RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM must_hold_role(p_by, 'administrator');
  IF to_regprocedure(format('%I(changes, jsonb, timestamptz)', 'apply_' || replace(p_kind, '.', '_'))) IS NULL THEN PERFORM refuse('CHANGE_KIND_UNKNOWN'); END IF;
  INSERT INTO changes (id, kind, subject, payload, kept, sealed, proposed_by, proposed_at, expires_at)
    VALUES (p_change, p_kind, p_subject, p_payload, p_kept, p_sealed, p_by, p_at, p_expires)
    ON CONFLICT (subject) WHERE status = 'open' DO NOTHING;
  IF NOT FOUND THEN PERFORM refuse('CHANGE_PENDING'); END IF;
  PERFORM state_change(p_change, p_by, 'change.proposed', p_facts);
END $$;

-- The one way in which a change ends, once. Confirming carries it out in the same transaction; `p_given` is what was made at
-- that moment for `apply_<kind>`.
CREATE FUNCTION settle_change(p_change uuid, p_verb text, p_by uuid, p_at timestamptz, p_given jsonb, p_reason bytea, p_facts text[])
  RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  c changes;
  target text := CASE p_verb WHEN 'confirm' THEN 'confirmed' WHEN 'refuse' THEN 'refused' WHEN 'take_back' THEN 'taken_back' WHEN 'expire' THEN 'expired' END;
BEGIN
  SELECT * INTO c FROM changes WHERE id = p_change FOR UPDATE;
  IF NOT FOUND THEN PERFORM refuse('CHANGE_MISSING'); END IF;
  IF c.status <> 'open' OR target IS NULL THEN PERFORM refuse('CHANGE_SETTLED'); END IF;
  IF target = 'expired' THEN
    IF p_by IS DISTINCT FROM '00000000-0000-0000-0000-000000000000' OR (p_at >= c.expires_at) IS NOT TRUE THEN PERFORM refuse('TRANSITION_NOT_ALLOWED'); END IF;
  ELSE
    PERFORM must_hold_role(p_by, 'administrator');
    IF (p_at < c.expires_at) IS NOT TRUE THEN PERFORM refuse('CHANGE_SETTLED'); END IF;
    IF (p_by = c.proposed_by) IS DISTINCT FROM (target = 'taken_back') THEN PERFORM refuse('CHANGE_OWN'); END IF;
  END IF;
  IF target = 'refused' AND p_reason IS NULL THEN PERFORM refuse('REASON_MISSING'); END IF;
  UPDATE changes SET status = target, decided_by = CASE WHEN target <> 'expired' THEN p_by END, decided_at = p_at, reason = CASE WHEN target = 'refused' THEN p_reason END
    WHERE id = p_change;
  IF target = 'confirmed' THEN
    EXECUTE format('SELECT %I($1, $2, $3)', 'apply_' || replace(c.kind, '.', '_')) USING c, p_given, p_at;
  END IF;
  PERFORM state_change(p_change, p_by, 'change.' || target, p_facts);
  PERFORM pg_notify('changes', c.kind);
END $$;

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
  INSERT INTO officers (id, user_name, display_name, roles)
    VALUES ((c.kept ->> 'officer')::uuid, c.payload ->> 'userName', c.payload ->> 'displayName', ARRAY(SELECT jsonb_array_elements_text(c.payload -> 'roles')))
    ON CONFLICT (user_name) DO NOTHING;
  IF NOT FOUND THEN PERFORM refuse('USER_NAME_TAKEN'); END IF;
  PERFORM issue_enrolment(c, (c.kept ->> 'officer')::uuid, p_given, p_at);
END $$;

CREATE FUNCTION apply_officer_change(c changes, p_given jsonb, p_at timestamptz) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  id_of uuid := (c.payload ->> 'officer')::uuid;
  before officers;
  after officers;
BEGIN
  SELECT * INTO before FROM officers WHERE id = id_of FOR UPDATE;
  UPDATE officers SET roles = ARRAY(SELECT jsonb_array_elements_text(c.payload -> 'roles')), enabled = (c.payload ->> 'enabled')::boolean
    WHERE id = id_of RETURNING * INTO after;
  IF NOT FOUND THEN PERFORM refuse('OFFICER_INVALID'); END IF;
  IF NOT after.enabled THEN UPDATE sessions SET ended_at = p_at WHERE officer_id = id_of AND ended_at IS NULL; END IF;
  IF before.enabled AND 'administrator' = ANY (before.roles) AND NOT (after.enabled AND 'administrator' = ANY (after.roles)) THEN PERFORM must_keep_administrators(); END IF;
END $$;

-- The old factors are gone at once: they are lost, or in wrong hands.
CREATE FUNCTION apply_officer_reset(c changes, p_given jsonb, p_at timestamptz) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  id_of uuid := (c.payload ->> 'officer')::uuid;
BEGIN
  UPDATE officers SET password_hash = NULL, sealed_totp = NULL WHERE id = id_of;
  IF NOT FOUND THEN PERFORM refuse('OFFICER_INVALID'); END IF;
  UPDATE sessions SET ended_at = p_at WHERE officer_id = id_of AND ended_at IS NULL;
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

CREATE OR REPLACE FUNCTION append_facts(records text[]) RETURNS bigint
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF EXISTS (SELECT FROM unnest(records) AS r (record) WHERE r.record::jsonb ->> 'type' ~ '^((alert|revision|change)\.|officer\.enrolled$)') THEN
    RAISE EXCEPTION USING ERRCODE = 'FM003', MESSAGE = 'the fact of a decision is written with the decision';
  END IF;
  RETURN link_facts(records);
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

GRANT SELECT ON changes, enrolments TO findme_app;
GRANT UPDATE (sealed_totp) ON enrolments TO findme_app;
GRANT EXECUTE ON FUNCTION
  propose_change(uuid, text, text, jsonb, jsonb, bytea, uuid, timestamptz, timestamptz, text[]),
  settle_change(uuid, text, uuid, timestamptz, jsonb, bytea, text[]),
  enrol_officer(uuid, text, text, timestamptz, text, bytea, bigint, text[])
  TO findme_app;
