-- Partners' own accounts, and the secrets of destinations that were replaced at run time.

-- Who is a partner answers for at least one destination and has no other role; nobody else answers for any.
ALTER TABLE officers
  ADD COLUMN destinations text[] COLLATE "C" NOT NULL DEFAULT '{}',
  DROP CONSTRAINT officers_roles_check,
  ADD CONSTRAINT officers_roles_check CHECK (roles <@ ARRAY['author', 'approver', 'auditor', 'administrator', 'partner'] AND cardinality(roles) > 0
                                             AND (cardinality(roles) = 1 OR NOT roles && ARRAY['auditor', 'administrator', 'partner'])),
  ADD CONSTRAINT officers_destinations_check CHECK (('partner' = ANY (roles)) = (cardinality(destinations) > 0) AND array_position(destinations, NULL) IS NULL);

CREATE OR REPLACE FUNCTION apply_officer_add(c changes, p_given jsonb, p_at timestamptz) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO officers (id, user_name, display_name, roles, destinations)
    VALUES ((c.kept ->> 'officer')::uuid, c.payload ->> 'userName', c.payload ->> 'displayName', ARRAY(SELECT jsonb_array_elements_text(c.payload -> 'roles')),
            ARRAY(SELECT jsonb_array_elements_text(c.payload -> 'destinations')))
    ON CONFLICT (user_name) DO NOTHING;
  IF NOT FOUND THEN PERFORM refuse('USER_NAME_TAKEN'); END IF;
  PERFORM issue_enrolment(c, (c.kept ->> 'officer')::uuid, p_given, p_at);
END $$;

-- A partner keeps its destinations where nothing is said of them; who is no partner any more has none.
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
  IF NOT after.enabled THEN UPDATE sessions SET ended_at = p_at WHERE officer_id = id_of AND ended_at IS NULL; END IF;
  IF before.enabled AND 'administrator' = ANY (before.roles) AND NOT (after.enabled AND 'administrator' = ANY (after.roles)) THEN PERFORM must_keep_administrators(); END IF;
END $$;

CREATE FUNCTION must_own(officer uuid, destination text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM officers o WHERE o.id = officer AND o.enabled AND 'partner' = ANY (o.roles) AND destination = ANY (o.destinations)) THEN
    PERFORM refuse('ROLE_MISSING');
  END IF;
END $$;

-- Secrets of destinations that override the file of the same name, for that destination alone. Sealed under the master key,
-- which the database never has. The newest generation counts, and the one before it (the file, before the first) until
-- `previous_until`; what is older is gone.
CREATE TABLE destination_secrets (
  destination    text COLLATE "C" NOT NULL,
  name           text COLLATE "C" NOT NULL,
  generation     integer NOT NULL CHECK (generation > 0),
  sealed         bytea NOT NULL,
  made_at        timestamptz NOT NULL,
  made_by        uuid NOT NULL REFERENCES officers,
  previous_until timestamptz NOT NULL CHECK (previous_until >= made_at),
  PRIMARY KEY (destination, name, generation)
);

-- The next generation of a secret; by the destination's own partner, one at a time. The generation is named because the seal
-- covers it.
CREATE FUNCTION rotate_secret(p_destination text, p_name text, p_generation integer, p_sealed bytea, p_by uuid, p_now timestamptz, p_facts text[])
  RETURNS timestamptz LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  newest destination_secrets;
  until timestamptz := p_now + interval '24 hours';
BEGIN
  PERFORM must_own(p_by, p_destination);
  SELECT * INTO newest FROM destination_secrets s WHERE s.destination = p_destination AND s.name = p_name ORDER BY s.generation DESC LIMIT 1 FOR UPDATE;
  IF newest.previous_until > p_now OR p_generation <> coalesce(newest.generation, 0) + 1 THEN PERFORM refuse('SECRET_BEING_REPLACED'); END IF;
  INSERT INTO destination_secrets VALUES (p_destination, p_name, p_generation, p_sealed, p_now, p_by, until) ON CONFLICT DO NOTHING;
  IF NOT FOUND THEN PERFORM refuse('SECRET_BEING_REPLACED'); END IF;
  DELETE FROM destination_secrets s WHERE s.destination = p_destination AND s.name = p_name AND s.generation < p_generation - 1;
  PERFORM pg_notify('partners', p_destination);
  PERFORM link_facts(p_facts);
  RETURN until;
END $$;

-- Ends what is left of the time of the generation before: somebody else may have it. False when nothing was left.
CREATE FUNCTION retire_secret(p_destination text, p_name text, p_generation integer, p_by uuid, p_now timestamptz, p_facts text[])
  RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM must_own(p_by, p_destination);
  UPDATE destination_secrets s SET previous_until = greatest(s.made_at, p_now)
   WHERE s.destination = p_destination AND s.name = p_name AND s.generation = p_generation AND s.previous_until > p_now
     AND NOT EXISTS (SELECT FROM destination_secrets n WHERE n.destination = s.destination AND n.name = s.name AND n.generation > s.generation);
  IF NOT FOUND THEN RETURN false; END IF;
  DELETE FROM destination_secrets s WHERE s.destination = p_destination AND s.name = p_name AND s.generation < p_generation;
  PERFORM pg_notify('partners', p_destination);
  PERFORM link_facts(p_facts);
  RETURN true;
END $$;

-- Deletes generations whose time is over. Returns how many.
CREATE FUNCTION forget_secrets(p_now timestamptz) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  gone integer;
BEGIN
  DELETE FROM destination_secrets s USING destination_secrets n
   WHERE n.destination = s.destination AND n.name = s.name AND n.generation = s.generation + 1 AND n.previous_until <= p_now;
  GET DIAGNOSTICS gone = ROW_COUNT;
  RETURN gone;
END $$;

GRANT SELECT ON destination_secrets TO findme_app;
GRANT EXECUTE ON FUNCTION rotate_secret(text, text, integer, bytea, uuid, timestamptz, text[]), retire_secret(text, text, integer, uuid, timestamptz, text[]),
  forget_secrets(timestamptz) TO findme_app;

-- A partner looks at its own.
CREATE INDEX deliveries_destination ON deliveries (destination, created_at);
