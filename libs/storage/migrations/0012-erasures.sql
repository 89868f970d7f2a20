-- What partners are asked once an alert has ended: to erase the child's data.

-- One request for each destination that may have the data of an alert. Open until somebody says that it is erased: the partner
-- itself, or an officer whom it told.
CREATE TABLE erasure_requests (
  id            uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  alert_id      uuid NOT NULL REFERENCES alerts,
  destination   text NOT NULL,
  asked_at      timestamptz NOT NULL,
  due_at        timestamptz NOT NULL,
  -- How often the partner was called; null as the next time where it cannot be called, and once it has confirmed.
  chased        integer NOT NULL DEFAULT 0 CHECK (chased >= 0),
  next_chase_at timestamptz,
  confirmed_at  timestamptz,
  -- `destination:<id>` or `officer:<id>`, as in the fact.
  confirmed_by  text,
  UNIQUE (alert_id, destination),
  CHECK (due_at > asked_at),
  CHECK ((confirmed_at IS NULL) = (confirmed_by IS NULL)),
  CHECK (confirmed_at IS NULL OR next_chase_at IS NULL)
);
CREATE INDEX erasure_requests_open ON erasure_requests (destination, asked_at) WHERE confirmed_at IS NULL;
CREATE INDEX erasure_requests_due ON erasure_requests (next_chase_at) WHERE next_chase_at IS NOT NULL;

-- What is confirmed stays confirmed.
CREATE TRIGGER erasure_requests_settled BEFORE UPDATE ON erasure_requests FOR EACH ROW
  WHEN (OLD.confirmed_at IS NOT NULL) EXECUTE FUNCTION refuse_change();

GRANT SELECT, INSERT ON erasure_requests TO findme_app;
GRANT UPDATE (chased, next_chase_at, confirmed_at, confirmed_by) ON erasure_requests TO findme_app;
