-- Destinations as two administrators have changed them, over those of the configuration file of the same id.
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

-- `p_given` has the secrets that came with the proposal, each sealed for its destination: from now on they are the only ones.
CREATE FUNCTION apply_destination_set(c changes, p_given jsonb, p_at timestamptz) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  given jsonb;
BEGIN
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

GRANT SELECT ON destinations TO findme_app;
