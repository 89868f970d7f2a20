-- Connection tests, asked for by a destination's partner. They go out without two officers, so the table has no place for
-- words: what is sent stands in the code, and which words they were is told by the hash.
CREATE TABLE connection_tests (
  id           uuid PRIMARY KEY,
  destination  text COLLATE "C" NOT NULL,
  mode         text NOT NULL CHECK (mode IN ('drill', 'live')),
  means        text NOT NULL CHECK (means IN ('notice', 'probe')),
  key          text NOT NULL UNIQUE CHECK (key ~ '^[0-9a-f]{32}$'),
  asked_by     uuid NOT NULL REFERENCES officers,
  asked_at     timestamptz NOT NULL,
  state        text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'sending', 'accepted', 'refused', 'deferred', 'uncertain', 'well', 'unwell', 'lapsed')),
  channel      text,
  started_at   timestamptz,
  ms           double precision,
  reason       text CHECK (reason ~ '^[A-Za-z0-9_.: -]{1,60}$'),
  content_hash text CHECK (content_hash ~ '^[0-9a-f]{64}$'),
  -- The partner's identifiers of what it accepted; its receipts lie among all receipts, of no delivery.
  message_refs text[] NOT NULL DEFAULT '{}',
  CHECK (state NOT IN ('well', 'unwell') OR means = 'probe'),
  CHECK (state NOT IN ('accepted', 'deferred') OR means = 'notice')
);
CREATE INDEX connection_tests_latest ON connection_tests (destination, asked_at DESC);
CREATE INDEX connection_tests_due ON connection_tests (asked_at) WHERE state IN ('queued', 'sending');

-- What was said is not said otherwise later.
CREATE TRIGGER connection_tests_settled BEFORE UPDATE OF state ON connection_tests FOR EACH ROW
  WHEN (OLD.state NOT IN ('queued', 'sending')) EXECUTE FUNCTION refuse_change();

-- Four within an hour at most, for each destination, whoever of its partners asks.
CREATE FUNCTION ask_test(p_id uuid, p_destination text, p_mode text, p_means text, p_key text, p_by uuid, p_now timestamptz, p_facts text[])
  RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM must_own(p_by, p_destination);
  PERFORM pg_advisory_xact_lock(4608199, hashtext(p_destination));
  IF (SELECT count(*) FROM connection_tests t WHERE t.destination = p_destination AND t.asked_at > p_now - interval '1 hour') >= 4 THEN PERFORM refuse('TEST_THROTTLED'); END IF;
  INSERT INTO connection_tests (id, destination, mode, means, key, asked_by, asked_at) VALUES (p_id, p_destination, p_mode, p_means, p_key, p_by, p_now);
  PERFORM pg_notify('tests', p_destination);
  PERFORM link_facts(p_facts);
END $$;

GRANT SELECT, UPDATE (state, channel, started_at, ms, reason, content_hash, message_refs) ON connection_tests TO findme_app;
GRANT EXECUTE ON FUNCTION ask_test(uuid, text, text, text, text, uuid, timestamptz, text[]) TO findme_app;
