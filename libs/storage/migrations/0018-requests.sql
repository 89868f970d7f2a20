-- Submits that were answered: the same key with the same request gets the same answer. Answers carry no personal data.
CREATE TABLE answered_requests (
  officer_id   uuid NOT NULL,
  key          text NOT NULL,
  request_hash text NOT NULL,
  status       integer,
  answer       text,
  created_at   timestamptz NOT NULL,
  PRIMARY KEY (officer_id, key)
);
GRANT SELECT, INSERT, UPDATE, DELETE ON answered_requests TO findme_app;
