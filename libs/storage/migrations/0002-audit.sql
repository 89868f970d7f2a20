-- Facts: append-only, chained as they are written. The owner's function is the only door for writing; the application
-- may read. `record` holds the exact bytes that are hashed; every other column is derived from it, so none can
-- contradict it.

CREATE TABLE facts (
  seq         bigint PRIMARY KEY,
  record      text   NOT NULL,
  hash        bytea  NOT NULL,
  type        text   COLLATE "C" NOT NULL GENERATED ALWAYS AS (record::jsonb ->> 'type') STORED,
  actor       text   COLLATE "C" NOT NULL GENERATED ALWAYS AS (record::jsonb ->> 'actor') STORED,
  alert_id    text   COLLATE "C" GENERATED ALWAYS AS (record::jsonb ->> 'alert') STORED,
  at          text   COLLATE "C" NOT NULL GENERATED ALWAYS AS (record::jsonb ->> 'at') STORED,
  destination text   COLLATE "C" GENERATED ALWAYS AS (record::jsonb #>> '{body,destination}') STORED,
  channel     text   COLLATE "C" GENERATED ALWAYS AS (record::jsonb #>> '{body,channel}') STORED,
  -- Of an attempt or a call what came of it; of a broadcaster's slot what became of it.
  outcome     text   COLLATE "C" GENERATED ALWAYS AS (coalesce(record::jsonb #>> '{body,outcome}',
    CASE WHEN record::jsonb ->> 'type' = 'airing.settled' THEN record::jsonb #>> '{body,state}' END)) STORED
);
CREATE TRIGGER facts_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON facts FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- What an auditor looks for: an order by place under each filter, so that a page costs the same wherever it begins.
CREATE INDEX facts_alert ON facts (alert_id, seq) WHERE alert_id IS NOT NULL;
CREATE INDEX facts_type ON facts (type, seq);
CREATE INDEX facts_actor ON facts (actor, seq);
CREATE INDEX facts_destination ON facts (destination, seq) WHERE destination IS NOT NULL;
CREATE INDEX facts_channel ON facts (channel, seq) WHERE channel IS NOT NULL;
CREATE INDEX facts_outcome ON facts (outcome, seq) WHERE outcome IS NOT NULL;
-- Clocks of several writers: the order of times is nearly that of places, and not quite. The places of a time are looked up here.
CREATE INDEX facts_at ON facts (at, seq);
-- What a desk reads of an alert's facts without reading each of the hundred thousands about attempts and receipts.
CREATE INDEX facts_alert_news ON facts (alert_id, seq)
  WHERE type NOT IN ('delivery.attempted', 'delivery.cancelled', 'receipt.received', 'airing.settled', 'erasure.requested', 'erasure.chased', 'erasure.confirmed');

-- The end of the chain. Its row lock orders writers, which is why facts are the last thing a transaction writes.
CREATE TABLE chain_head (
  one  boolean PRIMARY KEY DEFAULT true CHECK (one),
  seq  bigint NOT NULL,
  hash bytea  NOT NULL
);
INSERT INTO chain_head VALUES (true, 0, decode(repeat('00', 32), 'hex'));

-- A running hash over rows in order, so that a batch is chained by one statement.
CREATE FUNCTION chain_fold(state bytea, head bytea, record text) RETURNS bytea
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN sha256(coalesce(state, head) || convert_to(record, 'UTF8'));
CREATE AGGREGATE chain(head bytea, record text) (SFUNC = chain_fold, STYPE = bytea);

-- Links facts to the chain. Not for the application: it has `append_facts`, and the functions that decide.
CREATE FUNCTION link_facts(records text[]) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  head chain_head;
  added bigint := coalesce(cardinality(records), 0);
BEGIN
  IF added = 0 THEN RAISE EXCEPTION USING ERRCODE = 'FM003', MESSAGE = 'a change is written with its fact'; END IF;
  SELECT * INTO STRICT head FROM chain_head FOR UPDATE;
  WITH linked AS (
    INSERT INTO facts (seq, record, hash)
    SELECT head.seq + r.n, r.record, chain(head.hash, r.record) OVER (ORDER BY r.n)
      FROM unnest(records) WITH ORDINALITY AS r (record, n)
    RETURNING seq, hash
  )
  UPDATE chain_head h SET seq = l.seq, hash = l.hash FROM linked l WHERE l.seq = head.seq + added;
  RETURN head.seq + added;
END $$;

-- What the application may say by itself. The facts of decisions are not among it: the functions that decide on alerts,
-- drafts, changes and enrolments write theirs with what they tell.
CREATE FUNCTION append_facts(records text[]) RETURNS bigint
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF EXISTS (SELECT FROM unnest(records) AS r (record) WHERE r.record::jsonb ->> 'type' ~ '^((alert|revision|change|draft)\.|officer\.enrolled$)') THEN
    RAISE EXCEPTION USING ERRCODE = 'FM003', MESSAGE = 'the fact of a decision is written with the decision';
  END IF;
  RETURN link_facts(records);
END $$;

CREATE TABLE checkpoints (
  seq       bigint PRIMARY KEY REFERENCES facts,
  document  text NOT NULL,
  CHECK ((document::jsonb ->> 'seq')::bigint = seq)
);
CREATE TRIGGER checkpoints_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON checkpoints FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

GRANT SELECT ON facts, chain_head, checkpoints TO findme_app;
GRANT INSERT ON checkpoints TO findme_app;
GRANT EXECUTE ON FUNCTION append_facts(text[]) TO findme_app;
