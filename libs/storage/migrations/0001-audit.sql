-- Facts: append-only, chained as they are written. The owner's function is the only door for writing; the application
-- may read. `record` holds the exact bytes that are hashed; every other column is derived from it, so none can
-- contradict it.

-- A function is for whom it is granted to, never for everyone.
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;

CREATE TABLE facts (
  seq      bigint PRIMARY KEY,
  record   text   NOT NULL,
  hash     bytea  NOT NULL,
  type     text   COLLATE "C" NOT NULL GENERATED ALWAYS AS (record::jsonb ->> 'type') STORED,
  actor    text   COLLATE "C" NOT NULL GENERATED ALWAYS AS (record::jsonb ->> 'actor') STORED,
  alert_id text   COLLATE "C" GENERATED ALWAYS AS (record::jsonb ->> 'alert') STORED,
  at       text   COLLATE "C" NOT NULL GENERATED ALWAYS AS (record::jsonb ->> 'at') STORED
);
CREATE INDEX facts_alert ON facts (alert_id, seq) WHERE alert_id IS NOT NULL;
CREATE INDEX facts_type ON facts (type, seq);

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

-- What the application may say by itself: everything but decisions on alerts, whose facts are written by the functions
-- that make them.
CREATE FUNCTION append_facts(records text[]) RETURNS bigint
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF EXISTS (SELECT FROM unnest(records) AS r (record) WHERE r.record::jsonb ->> 'type' ~ '^(alert|revision)\.') THEN
    RAISE EXCEPTION USING ERRCODE = 'FM003', MESSAGE = 'the fact of a decision is written with the decision';
  END IF;
  RETURN link_facts(records);
END $$;

CREATE TABLE checkpoints (
  seq       bigint PRIMARY KEY REFERENCES facts,
  document  text NOT NULL,
  CHECK ((document::jsonb ->> 'seq')::bigint = seq)
);

-- Append-only for everyone, the owner included, unless triggers are switched off (which the chain then shows).
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION USING ERRCODE = 'FM002', MESSAGE = 'append-only: ' || TG_TABLE_NAME;
END $$;
CREATE TRIGGER facts_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON facts FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER checkpoints_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON checkpoints FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

GRANT SELECT ON facts, chain_head, checkpoints TO findme_app;
GRANT INSERT ON checkpoints TO findme_app;
GRANT EXECUTE ON FUNCTION append_facts(text[]) TO findme_app;
