-- How far the parts of a long audience have come.

-- Counts as time went by, for the rate and the time of the last one. Append-only.
CREATE TABLE part_marks (
  delivery_id uuid NOT NULL REFERENCES deliveries,
  at          timestamptz NOT NULL,
  taken       integer NOT NULL CHECK (taken >= 0),
  -- Null while nobody has counted.
  total       integer CHECK (total >= 0)
);
CREATE INDEX part_marks_delivery ON part_marks (delivery_id, at);

-- Where an interrupted part goes on. Forgotten when the part comes to its end, so that nothing links a subscriber to a
-- delivery for longer than the delivery takes.
CREATE TABLE part_places (
  delivery_id uuid PRIMARY KEY REFERENCES deliveries,
  -- A long audience may be called in another order than that of its ids, the nearest first: a place names its order.
  after       text COLLATE "C" NOT NULL CHECK (after ~ '^([0-9]{2}/)?[0-9a-f-]{36}$'),
  taken       integer NOT NULL CHECK (taken >= 0)
);

GRANT SELECT, INSERT ON part_marks TO findme_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON part_places TO findme_app;
