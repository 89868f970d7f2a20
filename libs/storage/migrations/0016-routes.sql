-- How each route of a destination does, for the desks.

-- A route's breaker as its dispatcher last saw it: `mts` is the first route of mts, `mts#2` the second.
CREATE TABLE breakers (
  route       text PRIMARY KEY,
  state       text NOT NULL CHECK (state IN ('closed', 'open', 'half-open')),
  changed_at  timestamptz NOT NULL
);

-- What each route said when it was last asked, by whichever dispatcher asked last. It may be lost: it is asked again in seconds.
CREATE UNLOGGED TABLE probes (
  route  text COLLATE "C" PRIMARY KEY,
  at     timestamptz NOT NULL,
  well   boolean NOT NULL,
  reason text CHECK (reason ~ '^[A-Za-z0-9_.: -]{1,60}$'),
  ms     double precision NOT NULL,
  CHECK (well = (reason IS NULL))
);

GRANT SELECT, INSERT, UPDATE ON breakers, probes TO findme_app;
