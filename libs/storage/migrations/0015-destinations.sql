-- Destinations as they are changed while the system runs, and their secrets.

-- As two administrators have changed them, over those of the configuration file of the same id.
CREATE TABLE destinations (
  id         text COLLATE "C" PRIMARY KEY CHECK (id ~ '^[a-z0-9][a-z0-9-]{0,39}$'),
  -- As one of the configuration file, without its id: name, channel, mode, simulated, settings, fallbacks. No secret is in it.
  document   jsonb NOT NULL CHECK (document ->> 'mode' IN ('drill', 'live') AND document ? 'name' AND document ? 'channel' AND document ? 'settings'),
  enabled    boolean NOT NULL,
  change_id  uuid NOT NULL REFERENCES changes,
  changed_at timestamptz NOT NULL
);

-- Drill and live are different places: a destination never goes from one to the other, not by two administrators either.
CREATE FUNCTION keep_world() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.document ->> 'mode' IS DISTINCT FROM OLD.document ->> 'mode' THEN PERFORM refuse('DESTINATION_WORLD'); END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER destinations_keep_world BEFORE UPDATE ON destinations FOR EACH ROW EXECUTE FUNCTION keep_world();

CREATE FUNCTION put_destination(c changes, p_id text, p_document jsonb, p_enabled boolean, p_at timestamptz) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO destinations VALUES (p_id, p_document, p_enabled, c.id, p_at)
    ON CONFLICT (id) DO UPDATE SET document = excluded.document, enabled = excluded.enabled, change_id = excluded.change_id, changed_at = excluded.changed_at;
  PERFORM pg_notify('partners', p_id);
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

-- A message to many people goes in parts, and a part is known by its number. Who divides them anew (`regroups`) while an alert
-- is sent, or before its ending is, leaves people out. `p_given` has the secrets that came with the proposal, each sealed for
-- its destination: from now on they are the only ones.
CREATE FUNCTION apply_destination_set(c changes, p_given jsonb, p_at timestamptz) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  given jsonb;
BEGIN
  IF (c.kept -> 'regroups')::boolean AND EXISTS (
    SELECT FROM deliveries d JOIN alerts a ON a.id = d.alert_id
     WHERE d.destination = c.payload ->> 'id' AND (a.status = 'active' OR d.state IN ('queued', 'sending', 'waiting', 'uncertain'))) THEN
    PERFORM refuse('DESTINATION_BUSY');
  END IF;
  PERFORM put_destination(c, c.payload ->> 'id', (c.payload - 'id') || jsonb_build_object('simulated', c.kept -> 'simulated'), true, p_at);
  FOR given IN SELECT * FROM jsonb_array_elements(coalesce(p_given -> 'secrets', '[]')) LOOP
    INSERT INTO destination_secrets (destination, name, generation, sealed, made_at, made_by, previous_until)
      VALUES (c.payload ->> 'id', given ->> 'name', (given ->> 'generation')::integer, decode(given ->> 'sealed', 'base64'), p_at, c.proposed_by, p_at);
    DELETE FROM destination_secrets s WHERE s.destination = c.payload ->> 'id' AND s.name = given ->> 'name' AND s.generation < (given ->> 'generation')::integer;
  END LOOP;
END $$;

-- What is not in the table yet is taken as it stands in the configuration file (`kept`).
CREATE FUNCTION apply_destination_disable(c changes, p_given jsonb, p_at timestamptz) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM put_destination(c, c.payload ->> 'id', c.kept -> 'document', false, p_at);
END $$;
CREATE FUNCTION apply_destination_enable(c changes, p_given jsonb, p_at timestamptz) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM put_destination(c, c.payload ->> 'id', c.kept -> 'document', true, p_at);
END $$;

GRANT SELECT ON destinations, destination_secrets TO findme_app;
GRANT EXECUTE ON FUNCTION
  rotate_secret(text, text, integer, bytea, uuid, timestamptz, text[]),
  retire_secret(text, text, integer, uuid, timestamptz, text[]),
  forget_secrets(timestamptz)
  TO findme_app;
