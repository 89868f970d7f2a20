-- Deliveries: one revision to one destination, with its attempts and receipts. The foreign key to the outbox means that
-- nothing can be delivered that was not approved (or is the ending of what was).

CREATE TABLE deliveries (
  id              uuid PRIMARY KEY,
  alert_id        uuid NOT NULL,
  revision        integer NOT NULL,
  kind            text NOT NULL,
  -- The destination's route of the attempt under way, or of the coming one; once taken, the one that took it. The channel is
  -- that route's. An ending has a row for each route that may hold what it ends.
  route           integer NOT NULL DEFAULT 0 CHECK (route >= 0),
  channel         text NOT NULL,
  destination     text NOT NULL,
  part            integer NOT NULL DEFAULT 0,
  -- The idempotency key: the same for every repetition.
  key             text NOT NULL UNIQUE,
  state           text NOT NULL CHECK (state IN ('queued', 'sending', 'waiting', 'uncertain', 'accepted', 'confirmed', 'failed', 'dead', 'cancelled', 'closed')),
  attempts        integer NOT NULL DEFAULT 0,
  next_attempt_at timestamptz,
  -- Who is sending. The token fences a sender that was thought dead: what it records later counts no more.
  lease_token     bigint NOT NULL DEFAULT 0,
  leased_by       uuid,
  leased_until    timestamptz,
  -- Whether the partner may hold this message: set before the first byte, cleared only by an answer that says no.
  may_have        boolean NOT NULL DEFAULT false,
  reason          text,
  expected        integer,
  confirmed       integer NOT NULL DEFAULT 0,
  failed          integer NOT NULL DEFAULT 0,
  expires_at      timestamptz NOT NULL,
  created_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
  accepted_at     timestamptz,
  settled_by      uuid,
  -- Receipts up to here speak of what was before a person had it sent again.
  heard_up_to     bigint NOT NULL DEFAULT 0,
  UNIQUE (alert_id, revision, channel, destination, part, route),
  FOREIGN KEY (alert_id, revision, kind) REFERENCES outbox (alert_id, revision, kind),
  CHECK ((state = 'sending') = (leased_until IS NOT NULL)),
  CHECK ((state = 'waiting') = (next_attempt_at IS NOT NULL)),
  CHECK (state NOT IN ('accepted', 'confirmed', 'failed') OR accepted_at IS NOT NULL)
);
CREATE INDEX deliveries_due ON deliveries (state, next_attempt_at) WHERE state IN ('queued', 'sending', 'waiting');
CREATE INDEX deliveries_person ON deliveries (created_at, id) WHERE state IN ('dead', 'uncertain', 'failed');
-- A partner looks at its own.
CREATE INDEX deliveries_destination ON deliveries (destination, created_at);

-- What is settled stays settled, whoever asks. One way out: a cancelled publish that turns out to have left all the same
-- goes to a person.
CREATE TRIGGER deliveries_settled BEFORE UPDATE OF state ON deliveries FOR EACH ROW
  WHEN (OLD.state IN ('confirmed', 'cancelled', 'closed') AND NEW.state <> OLD.state AND (OLD.state, NEW.state) <> ('cancelled', 'uncertain'))
  EXECUTE FUNCTION refuse_change();

-- Every attempt as it ended, also that of a sender that was fenced meanwhile (its token tells). Append-only.
CREATE TABLE attempts (
  delivery_id  uuid NOT NULL REFERENCES deliveries,
  number       integer NOT NULL,
  lease_token  bigint NOT NULL,
  started_at   timestamptz NOT NULL,
  ms           double precision NOT NULL,
  outcome      text NOT NULL CHECK (outcome IN ('accepted', 'refused', 'deferred', 'uncertain')),
  reason       text,
  content_hash text NOT NULL,
  route        integer NOT NULL DEFAULT 0,
  PRIMARY KEY (delivery_id, number, lease_token)
);

-- The partner's identifiers of what it accepted.
CREATE TABLE delivery_references (
  destination text NOT NULL,
  reference   text NOT NULL,
  delivery_id uuid NOT NULL REFERENCES deliveries,
  PRIMARY KEY (destination, reference)
);

-- Receipts as they came, in the order they came; the same one again changes nothing.
CREATE TABLE receipts (
  seq         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  destination text NOT NULL,
  receipt_key text NOT NULL,
  reference   text,
  key         text,
  stage       text NOT NULL CHECK (stage IN ('confirmed', 'failed')),
  word        text NOT NULL,
  partner_at  timestamptz,
  received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  delivery_id uuid REFERENCES deliveries,
  UNIQUE (destination, receipt_key),
  CHECK ((reference IS NULL) <> (key IS NULL))
);
CREATE INDEX receipts_unmatched ON receipts (destination, reference) WHERE delivery_id IS NULL;
CREATE INDEX receipts_delivery ON receipts (delivery_id);
-- Receipts of connection tests belong to no delivery.
CREATE INDEX receipts_of_none ON receipts (destination, key) WHERE delivery_id IS NULL AND key IS NOT NULL;

-- What partners say beyond receipts, in the order they came; the same one again changes nothing. What confirms or fails a
-- delivery is a receipt and not here.
CREATE TABLE partner_reports (
  seq         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  destination text NOT NULL,
  report_key  text NOT NULL,
  delivery_id uuid NOT NULL REFERENCES deliveries,
  stage       text NOT NULL CHECK (stage IN ('acknowledged', 'progress', 'erased')),
  percent     double precision CHECK (percent BETWEEN 0 AND 100),
  done        bigint CHECK (done >= 0),
  total       bigint CHECK (total >= 0),
  partner_at  timestamptz,
  received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  UNIQUE (destination, report_key),
  CHECK (done <= total),
  CHECK ((stage = 'progress') = (percent IS NOT NULL OR done IS NOT NULL))
);
CREATE INDEX partner_reports_delivery ON partner_reports (delivery_id, stage, seq);
CREATE TRIGGER partner_reports_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON partner_reports FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Takes deliveries for sending, having read the alert again under a lock that an ending waits for (and that waits for an
-- ending): what is no longer to be sent dies here. One statement for the caller, so nothing is held while it thinks.
-- Returns the taken rows (`sending`) and the ones that died (`cancelled`, `dead`).
CREATE FUNCTION claim_deliveries(p_ids uuid[], p_by uuid, p_lease interval, p_now timestamptz)
  RETURNS TABLE (id uuid, alert_id uuid, revision integer, kind text, channel text, destination text, part integer, route integer, key text, state text,
                 attempts integer, lease_token bigint, had boolean, reason text, expires_at timestamptz, content_hash text)
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
#variable_conflict use_column
BEGIN
  PERFORM FROM alerts a WHERE a.id IN (SELECT d.alert_id FROM deliveries d WHERE d.id = ANY (p_ids)) ORDER BY a.id FOR SHARE;
  RETURN QUERY
  WITH due AS (
    SELECT d.id, d.may_have,
           CASE WHEN d.kind IN ('alert', 'update')
                THEN CASE WHEN a.status <> 'active' THEN a.status
                          WHEN a.current_revision <> d.revision THEN 'superseded' END
                ELSE CASE WHEN a.status = 'erased' THEN 'erased' END
           END AS cause,
           d.expires_at <= p_now AS late
      FROM deliveries d JOIN alerts a ON a.id = d.alert_id
     WHERE d.id = ANY (p_ids) AND d.state IN ('queued', 'waiting')
     ORDER BY d.id FOR UPDATE OF d SKIP LOCKED
  )
  UPDATE deliveries d SET
    state = CASE WHEN due.cause IS NOT NULL THEN 'cancelled' WHEN due.late THEN 'dead' ELSE 'sending' END,
    reason = CASE WHEN due.cause IS NOT NULL THEN due.cause WHEN due.late THEN 'expired' ELSE d.reason END,
    next_attempt_at = NULL,
    attempts = d.attempts + CASE WHEN due.cause IS NULL AND NOT due.late THEN 1 ELSE 0 END,
    lease_token = d.lease_token + 1,
    leased_by = CASE WHEN due.cause IS NULL AND NOT due.late THEN p_by END,
    leased_until = CASE WHEN due.cause IS NULL AND NOT due.late THEN clock_timestamp() + p_lease END,
    may_have = d.may_have OR (due.cause IS NULL AND NOT due.late)
    FROM due, outbox o WHERE d.id = due.id AND o.alert_id = d.alert_id AND o.revision = d.revision
  RETURNING d.id, d.alert_id, d.revision, d.kind, d.channel, d.destination, d.part, d.route, d.key, d.state, d.attempts, d.lease_token,
            due.may_have, d.reason, d.expires_at, o.content_hash;
END $$;

-- Whether what a revision makes may be sent now: as claim_deliveries judges, and under the same lock.
CREATE FUNCTION may_be_sent(p_alert uuid, p_revision integer, p_kind text) RETURNS boolean
  LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT CASE WHEN p_kind IN ('alert', 'update') THEN a.status = 'active' AND a.current_revision = p_revision ELSE a.status <> 'erased' END
    FROM alerts a WHERE a.id = p_alert FOR SHARE
$$;

GRANT SELECT, INSERT ON deliveries, attempts, delivery_references, receipts, partner_reports TO findme_app;
GRANT UPDATE (route, channel, state, attempts, next_attempt_at, lease_token, leased_by, leased_until, may_have, reason, expected, confirmed, failed,
              accepted_at, settled_by, heard_up_to) ON deliveries TO findme_app;
GRANT UPDATE (delivery_id) ON receipts TO findme_app;
GRANT EXECUTE ON FUNCTION claim_deliveries(uuid[], uuid, interval, timestamptz), may_be_sent(uuid, integer, text) TO findme_app;
