-- Which master key what is sealed is sealed under, and how one takes another's place while everything runs. The database has
-- their ids alone. Who re-seals is who may do what the owner may; the application reads, and its part is to seal under a key
-- that is in force.

-- The id that a sealed text carries (libs/kernel/sealing.ts); empty for one that was sealed before texts did.
CREATE FUNCTION seal_key(sealed bytea) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  RETURN CASE substring(sealed FROM 1 FOR 1) WHEN '\x02' THEN encode(substring(sealed FROM 2 FOR 8), 'hex') ELSE '' END;

CREATE TABLE master_keys (
  id    text COLLATE "C" PRIMARY KEY CHECK (id ~ '^[0-9a-f]{16}$'),
  -- arriving: sealed under beside the one whose place it takes. sealing: the one in force. leaving: read, until nothing is left
  -- under it.
  state text NOT NULL CHECK (state IN ('arriving', 'sealing', 'leaving')),
  since timestamptz NOT NULL
);
CREATE UNIQUE INDEX master_keys_one ON master_keys ((state = 'sealing')) WHERE state = 'sealing';
CREATE UNIQUE INDEX master_keys_one_beside ON master_keys ((state <> 'sealing')) WHERE state <> 'sealing';

-- Keys of the house itself, wrapped under the master key: those of its digests, which cannot follow it.
CREATE TABLE house_keys (
  purpose text PRIMARY KEY CHECK (purpose IN ('digests', 'subscriber-digests')),
  wrapped bytea NOT NULL
);

-- Everything that is sealed under a master key.
CREATE VIEW master_sealed AS
            SELECT 'case_keys' AS place, seal_key(wrapped) AS key FROM case_keys
  UNION ALL SELECT 'drafts', seal_key(wrapped) FROM drafts WHERE wrapped IS NOT NULL
  UNION ALL SELECT 'officers', seal_key(sealed_totp) FROM officers WHERE sealed_totp IS NOT NULL
  UNION ALL SELECT 'enrolments', seal_key(sealed_totp) FROM enrolments WHERE sealed_totp IS NOT NULL
  UNION ALL SELECT 'changes', seal_key(sealed) FROM changes WHERE sealed IS NOT NULL
  UNION ALL SELECT 'changes', seal_key(reason) FROM changes WHERE reason IS NOT NULL
  UNION ALL SELECT 'destination_secrets', seal_key(sealed) FROM destination_secrets
  UNION ALL SELECT 'subscribers', seal_key(sealed) FROM subscribers
  UNION ALL SELECT 'house_keys', seal_key(wrapped) FROM house_keys;

-- Nothing is sealed under a key that leaves or is unknown: what was verified to be gone does not come back by a program that
-- missed the replacement. A database that has taken no key yet is still being made.
CREATE FUNCTION keep_seal() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  sealed bytea;
BEGIN
  EXECUTE format('SELECT ($1).%I', TG_ARGV[0]) INTO sealed USING NEW;
  IF sealed IS NULL THEN RETURN NEW; END IF;
  -- Beside one another, and each whole before a key leaves or after.
  PERFORM pg_advisory_xact_lock_shared(4608200);
  IF EXISTS (SELECT FROM master_keys) AND NOT EXISTS (SELECT FROM master_keys m WHERE m.id = seal_key(sealed) AND m.state <> 'leaving') THEN
    PERFORM refuse('MASTER_KEY_REPLACED');
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER case_keys_seal BEFORE INSERT OR UPDATE OF wrapped ON case_keys FOR EACH ROW EXECUTE FUNCTION keep_seal('wrapped');
CREATE TRIGGER drafts_seal BEFORE INSERT OR UPDATE OF wrapped ON drafts FOR EACH ROW EXECUTE FUNCTION keep_seal('wrapped');
CREATE TRIGGER officers_seal BEFORE INSERT OR UPDATE OF sealed_totp ON officers FOR EACH ROW EXECUTE FUNCTION keep_seal('sealed_totp');
CREATE TRIGGER enrolments_seal BEFORE INSERT OR UPDATE OF sealed_totp ON enrolments FOR EACH ROW EXECUTE FUNCTION keep_seal('sealed_totp');
CREATE TRIGGER changes_seal BEFORE INSERT OR UPDATE OF sealed ON changes FOR EACH ROW EXECUTE FUNCTION keep_seal('sealed');
CREATE TRIGGER changes_reason_seal BEFORE UPDATE OF reason ON changes FOR EACH ROW EXECUTE FUNCTION keep_seal('reason');
CREATE TRIGGER destination_secrets_seal BEFORE INSERT OR UPDATE OF sealed ON destination_secrets FOR EACH ROW EXECUTE FUNCTION keep_seal('sealed');
CREATE TRIGGER subscribers_seal BEFORE INSERT OR UPDATE OF sealed ON subscribers FOR EACH ROW EXECUTE FUNCTION keep_seal('sealed');
CREATE TRIGGER house_keys_seal BEFORE INSERT OR UPDATE ON house_keys FOR EACH ROW EXECUTE FUNCTION keep_seal('wrapped');

-- What a change was stays so (`keep_change`); sealing the same anew under another key is no edit. Nobody but who may do what the
-- owner may can update the table at all, save by `settle_change`.
CREATE FUNCTION only_resealed(was changes, becomes changes) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  resealed changes := becomes;
BEGIN
  IF seal_key(becomes.sealed) <> seal_key(was.sealed) THEN resealed.sealed := was.sealed; END IF;
  IF seal_key(becomes.reason) <> seal_key(was.reason) THEN resealed.reason := was.reason; END IF;
  RETURN becomes IS DISTINCT FROM resealed AND resealed IS NOT DISTINCT FROM was;
END $$;
DROP TRIGGER changes_kept ON changes;
CREATE TRIGGER changes_kept BEFORE UPDATE ON changes FOR EACH ROW WHEN (NOT only_resealed(OLD, NEW)) EXECUTE FUNCTION keep_change();

-- The first master key of a database, once. False when it has one.
CREATE FUNCTION adopt_master_key(p_id text, p_at timestamptz, p_digests bytea, p_subscriber_digests bytea, p_facts text[]) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(4608200);
  IF EXISTS (SELECT FROM master_keys) THEN RETURN false; END IF;
  IF EXISTS (SELECT FROM master_sealed WHERE key <> p_id) THEN PERFORM refuse('MASTER_KEY_WRONG'); END IF;
  INSERT INTO master_keys VALUES (p_id, 'sealing', p_at);
  INSERT INTO house_keys VALUES ('digests', p_digests), ('subscriber-digests', p_subscriber_digests);
  PERFORM link_facts(p_facts);
  RETURN true;
END $$;

-- Another key may be sealed under from now on, beside the one in force. One that was made known and never used gives way.
CREATE FUNCTION announce_master_key(p_id text, p_at timestamptz, p_facts text[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(4608200);
  DELETE FROM master_keys m WHERE m.state = 'arriving' AND NOT EXISTS (SELECT FROM master_sealed WHERE key = m.id);
  IF (SELECT count(*) FROM master_keys) <> 1 OR EXISTS (SELECT FROM master_keys WHERE id = p_id) THEN PERFORM refuse('MASTER_KEY_BEING_REPLACED'); END IF;
  INSERT INTO master_keys VALUES (p_id, 'arriving', p_at);
  PERFORM link_facts(p_facts);
END $$;

-- From now on nothing is sealed under the one before: what is under it can only become less.
CREATE FUNCTION close_master_key(p_id text, p_at timestamptz) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(4608200);
  IF NOT EXISTS (SELECT FROM master_keys WHERE id = p_id AND state = 'arriving') THEN PERFORM refuse('MASTER_KEY_BEING_REPLACED'); END IF;
  -- By way of no state at all, for there is one of each.
  DELETE FROM master_keys WHERE id = p_id;
  UPDATE master_keys SET state = 'leaving', since = p_at;
  INSERT INTO master_keys VALUES (p_id, 'sealing', p_at);
END $$;

-- The one before is gone: nothing is left under it, or it stays.
CREATE FUNCTION finish_master_key(p_from text, p_facts text[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM master_sealed WHERE key NOT IN (SELECT id FROM master_keys WHERE state = 'sealing')) THEN PERFORM refuse('MASTER_KEY_BEING_REPLACED'); END IF;
  DELETE FROM master_keys WHERE id = p_from AND state = 'leaving';
  IF NOT FOUND THEN PERFORM refuse('MASTER_KEY_BEING_REPLACED'); END IF;
  PERFORM link_facts(p_facts);
END $$;

-- As before, and of master keys the application says nothing either.
CREATE OR REPLACE FUNCTION append_facts(records text[]) RETURNS bigint
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF EXISTS (SELECT FROM unnest(records) AS r (record) WHERE r.record::jsonb ->> 'type' ~ '^((alert|revision|change|draft|master_key)\.|officer\.enrolled$)') THEN
    RAISE EXCEPTION USING ERRCODE = 'FM003', MESSAGE = 'the fact of a decision is written with the decision';
  END IF;
  RETURN link_facts(records);
END $$;

GRANT SELECT ON master_keys, house_keys, master_sealed TO findme_app;
GRANT EXECUTE ON FUNCTION seal_key(bytea) TO findme_app;
