-- Alerts and their revisions. The application reads the tables; it changes them only through the functions that decide
-- (the next file).

CREATE TABLE alerts (
  id               uuid PRIMARY KEY,
  mode             text NOT NULL CHECK (mode IN ('drill', 'live')),
  status           text NOT NULL CHECK (status IN ('prepared', 'active', 'found', 'withdrawn', 'expired', 'rejected', 'erased')),
  version          integer NOT NULL,
  case_number      text NOT NULL,
  created_by       uuid NOT NULL REFERENCES officers,
  created_at       timestamptz NOT NULL,
  last_revision    integer NOT NULL,
  proposal         integer,
  current_revision integer,
  expires_at       timestamptz,
  ended_at         timestamptz,
  erased_at        timestamptz,
  -- Name of the public page, as in libs/alerts/compose.ts.
  page             text NOT NULL UNIQUE GENERATED ALWAYS AS (left(replace(id::text, '-', ''), 10)) STORED,
  CHECK ((status IN ('prepared', 'rejected')) = (current_revision IS NULL) OR status = 'erased'),
  CHECK (status <> 'active' OR expires_at IS NOT NULL),
  CHECK ((ended_at IS NOT NULL) = (status IN ('found', 'withdrawn', 'expired', 'rejected', 'erased'))),
  CHECK ((erased_at IS NOT NULL) = (status = 'erased')),
  CHECK (proposal IS NULL OR status IN ('prepared', 'active'))
);
CREATE INDEX alerts_newest ON alerts (mode, created_at DESC, id);
CREATE INDEX alerts_created ON alerts (created_at, id);
CREATE INDEX alerts_running ON alerts (expires_at) WHERE status = 'active';
CREATE INDEX alerts_ended ON alerts (ended_at) WHERE ended_at IS NOT NULL;
-- A case number leads to its alerts while the case has its key.
CREATE INDEX alerts_case ON alerts (case_number) WHERE status <> 'erased';

-- One key a case, itself wrapped by the master key. Destroying the row destroys the data, in backups too.
CREATE TABLE case_keys (
  alert_id uuid PRIMARY KEY REFERENCES alerts,
  wrapped  bytea NOT NULL
);

CREATE TABLE revisions (
  alert_id     uuid NOT NULL REFERENCES alerts,
  number       integer NOT NULL,
  kind         text NOT NULL CHECK (kind IN ('alert', 'update', 'found', 'withdrawn', 'expired')),
  status       text NOT NULL CHECK (status IN ('draft', 'in_review', 'returned', 'rejected', 'dropped', 'approved', 'ending')),
  -- Reaches the alert when the revision is published. Endings have none.
  case_number  text,
  writers      uuid[] NOT NULL,
  submitted_by uuid REFERENCES officers,
  decided_by   uuid REFERENCES officers,
  identifier   text UNIQUE,
  content_hash text CHECK (content_hash ~ '^[0-9a-f]{64}$'),
  sent_at      timestamptz,
  expires_at   timestamptz,
  -- Content and frozen notice, sealed under the key of the case.
  sealed       bytea,
  PRIMARY KEY (alert_id, number),
  CHECK ((status = 'ending') = (kind IN ('found', 'withdrawn', 'expired'))),
  CHECK (status NOT IN ('in_review', 'approved', 'ending') OR (content_hash IS NOT NULL AND identifier IS NOT NULL)),
  -- Four eyes: nothing is approved without an approver who is none of its writers nor its submitter.
  CHECK (status <> 'approved' OR (decided_by IS NOT NULL AND submitted_by IS NOT NULL AND decided_by <> submitted_by
                                  AND NOT (decided_by = ANY (writers)) AND cardinality(writers) > 0)),
  CHECK (status NOT IN ('approved', 'ending') OR (sent_at IS NOT NULL AND expires_at IS NOT NULL))
);
CREATE INDEX revisions_case ON revisions (case_number) WHERE case_number IS NOT NULL;

-- Photos as re-encoded by us, sealed under the key of the case.
CREATE TABLE photos (
  alert_id uuid NOT NULL REFERENCES alerts,
  sha256   text NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
  sealed   bytea,
  PRIMARY KEY (alert_id, sha256)
);

-- What officers said of their decisions, sealed; the fact carries a keyed digest.
CREATE TABLE remarks (
  id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  alert_id uuid NOT NULL REFERENCES alerts,
  revision integer NOT NULL,
  verb     text NOT NULL,
  by       uuid NOT NULL,
  at       timestamptz NOT NULL,
  sealed   bytea
);
CREATE INDEX remarks_alert ON remarks (alert_id, id);

-- What must go out. Only the functions that decide write rows; a delivery cannot exist without one.
CREATE TABLE outbox (
  id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  alert_id     uuid NOT NULL,
  revision     integer NOT NULL,
  kind         text NOT NULL,
  content_hash text NOT NULL,
  created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  planned_at   timestamptz,
  UNIQUE (alert_id, revision),
  UNIQUE (alert_id, revision, kind),
  FOREIGN KEY (alert_id, revision) REFERENCES revisions
);
CREATE INDEX outbox_waiting ON outbox (id) WHERE planned_at IS NULL;
CREATE INDEX outbox_time ON outbox (created_at);

-- The table of moves, row by row as in libs/alerts/alert.ts.
CREATE TABLE alert_moves (verb text, from_status text, to_status text NOT NULL, PRIMARY KEY (verb, from_status));
INSERT INTO alert_moves VALUES
  ('edit', 'prepared', 'prepared'), ('submit', 'prepared', 'prepared'), ('return', 'prepared', 'prepared'),
  ('reject', 'prepared', 'rejected'), ('approve', 'prepared', 'active'),
  ('revise', 'active', 'active'), ('edit', 'active', 'active'), ('submit', 'active', 'active'), ('return', 'active', 'active'),
  ('reject', 'active', 'active'), ('approve', 'active', 'active'),
  ('found', 'active', 'found'), ('withdraw', 'active', 'withdrawn'), ('expire', 'active', 'expired'),
  ('erase', 'prepared', 'erased'), ('erase', 'found', 'erased'), ('erase', 'withdrawn', 'erased'), ('erase', 'expired', 'erased'), ('erase', 'rejected', 'erased');
CREATE TABLE proposal_moves (verb text, from_status text, to_status text NOT NULL, PRIMARY KEY (verb, from_status));
INSERT INTO proposal_moves VALUES
  ('revise', 'none', 'draft'), ('edit', 'draft', 'draft'), ('submit', 'draft', 'in_review'),
  ('return', 'in_review', 'returned'), ('reject', 'in_review', 'gone'), ('approve', 'in_review', 'gone'),
  ('edit', 'returned', 'returned'), ('submit', 'returned', 'in_review');

-- Erasing forgets the case number: from then on the alert has its id alone.
CREATE FUNCTION forget_case_number() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  NEW.case_number := '';
  UPDATE revisions SET case_number = NULL WHERE alert_id = NEW.id;
  RETURN NEW;
END $$;
CREATE TRIGGER alerts_forget_case BEFORE UPDATE OF status ON alerts FOR EACH ROW
  WHEN (NEW.status = 'erased' AND OLD.status <> 'erased') EXECUTE FUNCTION forget_case_number();

GRANT SELECT ON alerts, revisions, case_keys, photos, remarks, outbox TO findme_app;
GRANT INSERT ON photos, remarks TO findme_app;
GRANT UPDATE (planned_at) ON outbox TO findme_app;
