-- What each route said when it was last asked, by whichever dispatcher asked last. It may be lost: it is asked again in seconds.
CREATE UNLOGGED TABLE probes (
  route  text COLLATE "C" PRIMARY KEY,
  at     timestamptz NOT NULL,
  well   boolean NOT NULL,
  reason text CHECK (reason ~ '^[A-Za-z0-9_.: -]{1,60}$'),
  ms     double precision NOT NULL,
  CHECK (well = (reason IS NULL))
);
GRANT SELECT, INSERT, UPDATE ON probes TO findme_app;
