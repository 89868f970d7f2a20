-- A message to many people goes in parts, and a part is known by its number. Who divides them anew while an alert is sent, or
-- before its ending is, leaves people out.
CREATE OR REPLACE FUNCTION apply_destination_set(c changes, p_given jsonb, p_at timestamptz) RETURNS void LANGUAGE plpgsql AS $$
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
