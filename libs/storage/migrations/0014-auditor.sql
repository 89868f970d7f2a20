-- What an auditor looks for: an order by place under each filter, so that a page costs the same wherever it begins. Derived
-- from the record like the other columns; nothing can contradict it.
ALTER TABLE facts
  ADD COLUMN destination text COLLATE "C" GENERATED ALWAYS AS (record::jsonb #>> '{body,destination}') STORED,
  ADD COLUMN channel     text COLLATE "C" GENERATED ALWAYS AS (record::jsonb #>> '{body,channel}') STORED,
  -- Of an attempt or a call what came of it; of a broadcaster's slot what became of it.
  ADD COLUMN outcome     text COLLATE "C" GENERATED ALWAYS AS (coalesce(record::jsonb #>> '{body,outcome}',
    CASE WHEN record::jsonb ->> 'type' = 'airing.settled' THEN record::jsonb #>> '{body,state}' END)) STORED;
CREATE INDEX facts_actor ON facts (actor, seq);
CREATE INDEX facts_destination ON facts (destination, seq) WHERE destination IS NOT NULL;
CREATE INDEX facts_channel ON facts (channel, seq) WHERE channel IS NOT NULL;
CREATE INDEX facts_outcome ON facts (outcome, seq) WHERE outcome IS NOT NULL;
-- Clocks of several writers: the order of times is nearly that of places, and not quite. The places of a time are looked up here.
CREATE INDEX facts_at ON facts (at, seq);

-- A case number leads to its alerts while the case has its key. Erasing forgets it: from then on the alert has its id alone.
CREATE INDEX alerts_case ON alerts (case_number) WHERE status <> 'erased';
CREATE INDEX revisions_case ON revisions (case_number) WHERE case_number IS NOT NULL;
CREATE INDEX alerts_created ON alerts (created_at, id);
CREATE INDEX airing_slots_time ON airing_slots (due_at);
CREATE INDEX outbox_time ON outbox (created_at);

CREATE FUNCTION forget_case_number() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  NEW.case_number := '';
  UPDATE revisions SET case_number = NULL WHERE alert_id = NEW.id;
  RETURN NEW;
END $$;
CREATE TRIGGER alerts_forget_case BEFORE UPDATE OF status ON alerts FOR EACH ROW
  WHEN (NEW.status = 'erased' AND OLD.status <> 'erased') EXECUTE FUNCTION forget_case_number();
UPDATE alerts SET case_number = '' WHERE status = 'erased';
UPDATE revisions r SET case_number = NULL FROM alerts a WHERE a.id = r.alert_id AND a.status = 'erased';
