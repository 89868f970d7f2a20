-- Airings: each broadcaster's slots by the rulebook, and what proves that each was kept. A slot is written when it falls due;
-- the times of those to come follow from the first (libs/dispatch/airing.ts).

CREATE TABLE airing_slots (
  delivery_id     uuid NOT NULL REFERENCES deliveries,
  number          integer NOT NULL CHECK (number >= 0),
  -- The idempotency key under which a playout is given this slot; the first slot's is the delivery's own.
  key             text NOT NULL UNIQUE,
  -- `triggered`: the system pushes it. `awaited`: the partner airs by itself and reports.
  manner          text NOT NULL CHECK (manner IN ('triggered', 'awaited')),
  due_at          timestamptz NOT NULL,
  -- When its window closes and the next one's opens.
  until           timestamptz NOT NULL,
  state           text NOT NULL DEFAULT 'due' CHECK (state IN ('due', 'aired', 'late', 'missed', 'stopped')),
  attempts        integer NOT NULL DEFAULT 0,
  -- When a playout is to be given the slot (again); null where the partner airs by itself.
  next_attempt_at timestamptz,
  lease_token     bigint NOT NULL DEFAULT 0,
  leased_until    timestamptz,
  reason          text,
  -- Proof: the receipt, and what it says.
  receipt_seq     bigint REFERENCES receipts,
  aired_at        timestamptz,
  seconds         double precision,
  silent          boolean NOT NULL DEFAULT false,
  PRIMARY KEY (delivery_id, number),
  CHECK (until > due_at),
  -- Success is recorded from what came back: no airing without its receipt.
  CHECK ((state IN ('aired', 'late')) = (receipt_seq IS NOT NULL AND aired_at IS NOT NULL))
);
CREATE INDEX airing_slots_due ON airing_slots (next_attempt_at) WHERE state = 'due';
CREATE INDEX airing_slots_open ON airing_slots (until) WHERE state IN ('due', 'missed');
CREATE INDEX airing_slots_time ON airing_slots (due_at);

-- A proved airing stays proved, and what was stopped stays stopped.
CREATE TRIGGER airing_slots_settled BEFORE UPDATE OF state ON airing_slots FOR EACH ROW
  WHEN (OLD.state IN ('aired', 'late', 'stopped') AND NEW.state <> OLD.state)
  EXECUTE FUNCTION refuse_change();

-- Takes a slot to be triggered, having read the alert again under a lock that an ending waits for (as claim_deliveries does).
CREATE FUNCTION claim_airing(p_delivery uuid, p_number integer, p_lease interval, p_now timestamptz)
  RETURNS TABLE (delivery_id uuid, alert_id uuid, revision integer, destination text, number integer, key text, content_hash text, attempts integer, lease_token bigint)
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
#variable_conflict use_column
BEGIN
  PERFORM FROM alerts a WHERE a.id = (SELECT d.alert_id FROM deliveries d WHERE d.id = p_delivery) FOR SHARE;
  RETURN QUERY
  UPDATE airing_slots s SET attempts = s.attempts + 1, lease_token = s.lease_token + 1, leased_until = clock_timestamp() + p_lease
    FROM deliveries d JOIN alerts a ON a.id = d.alert_id JOIN outbox o ON o.alert_id = d.alert_id AND o.revision = d.revision
   WHERE s.delivery_id = p_delivery AND s.number = p_number AND d.id = s.delivery_id
     AND s.state = 'due' AND s.manner = 'triggered' AND s.next_attempt_at <= p_now AND s.until > p_now
     AND (s.leased_until IS NULL OR s.leased_until < clock_timestamp())
     AND d.kind IN ('alert', 'update') AND a.status = 'active' AND a.current_revision = d.revision AND a.expires_at > p_now
  RETURNING s.delivery_id, d.alert_id, d.revision, d.destination, s.number, s.key, o.content_hash, s.attempts, s.lease_token;
END $$;

GRANT SELECT, INSERT ON airing_slots TO findme_app;
GRANT UPDATE (state, attempts, next_attempt_at, lease_token, leased_until, reason, receipt_seq, aired_at, seconds, silent) ON airing_slots TO findme_app;
GRANT EXECUTE ON FUNCTION claim_airing(uuid, integer, interval, timestamptz) TO findme_app;
