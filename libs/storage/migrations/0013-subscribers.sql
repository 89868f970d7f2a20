-- Those who asked to be told: by web push, SMS or e-mail. Nothing links them to a person, an alert or a delivery.

CREATE TABLE subscribers (
  id           uuid PRIMARY KEY,
  kind         text COLLATE "C" NOT NULL CHECK (kind ~ '^[a-z0-9-]{1,40}$'),
  mode         text NOT NULL CHECK (mode IN ('drill', 'live')),
  -- How they are reached, sealed under a key that the database never has.
  sealed       bytea NOT NULL,
  -- Keyed digest of the contact: the same contact is there once, and nobody without the key can look one up.
  digest       text COLLATE "C" NOT NULL CHECK (digest ~ '^[0-9a-f]{64}$'),
  -- From the digest: decides the shard.
  slot         integer NOT NULL CHECK (slot >= 0),
  language     text NOT NULL CHECK (language IN ('sr-Latn', 'sr-Cyrl', 'en')),
  -- Null for all of Serbia.
  districts    text[] CHECK (cardinality(districts) BETWEEN 1 AND 25),
  -- SHA-256 of the token by which they confirm and leave.
  token_hash   text COLLATE "C" NOT NULL UNIQUE CHECK (token_hash ~ '^[0-9a-f]{64}$'),
  created_at   timestamptz NOT NULL,
  -- Until then nothing is sent.
  confirmed_at timestamptz CHECK (confirmed_at >= created_at),
  UNIQUE (kind, mode, digest)
);
CREATE INDEX subscribers_pages ON subscribers (kind, mode, id) INCLUDE (slot) WHERE confirmed_at IS NOT NULL;
-- Who asked by e-mail and never confirmed is forgotten.
CREATE INDEX subscribers_unconfirmed ON subscribers (kind, created_at) WHERE confirmed_at IS NULL;

-- Asking again replaces all of a row but what makes it the same one's.
GRANT SELECT, INSERT, DELETE ON subscribers TO findme_app;
GRANT UPDATE (id, sealed, language, districts, token_hash, created_at, confirmed_at) ON subscribers TO findme_app;
