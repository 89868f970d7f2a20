-- Airings over further routes: a slot goes over the route that is in force when it is due, and the ending over every route that
-- ever took one.

-- The route over which a slot went, or was left to a partner that airs by itself; null before it was triggered.
ALTER TABLE airing_slots ADD COLUMN route integer CHECK (route >= 0);

-- Routes, beside the delivery's own, over which the notice of a delivery was given for an airing.
CREATE TABLE airing_routes (
  delivery_id uuid NOT NULL REFERENCES deliveries,
  route       integer NOT NULL CHECK (route >= 0),
  channel     text NOT NULL,
  -- Whether the partner may hold it: set before the first byte, cleared only by an answer that says no.
  may_have    boolean NOT NULL DEFAULT true,
  accepted_at timestamptz,
  PRIMARY KEY (delivery_id, route),
  CHECK (may_have OR accepted_at IS NULL)
);

GRANT UPDATE (route, manner) ON airing_slots TO findme_app;
GRANT SELECT, INSERT, UPDATE (may_have, accepted_at) ON airing_routes TO findme_app;
