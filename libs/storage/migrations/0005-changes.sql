-- Changes that two administrators make: one proposes, another confirms, and only then is anything changed.

CREATE TABLE changes (
  id          uuid PRIMARY KEY,
  -- `apply_<kind>`, with `_` for the dot, is the function that carries it out.
  kind        text COLLATE "C" NOT NULL CHECK (kind ~ '^[a-z]+(\.[a-z_]+)+$'),
  -- What it is about: `officer:<id>`, `destination:<id>`.
  subject     text COLLATE "C" NOT NULL,
  payload     jsonb NOT NULL,
  -- Made when it was proposed, for `apply_<kind>`; shown to nobody.
  kept        jsonb NOT NULL,
  -- Secrets of the payload, sealed under the master key.
  sealed      bytea,
  proposed_by uuid NOT NULL REFERENCES officers,
  proposed_at timestamptz NOT NULL,
  expires_at  timestamptz NOT NULL,
  status      text NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'confirmed', 'refused', 'taken_back', 'expired')),
  decided_by  uuid REFERENCES officers,
  decided_at  timestamptz,
  -- Why it was refused, sealed under the master key.
  reason      bytea,
  CHECK (expires_at > proposed_at AND expires_at <= proposed_at + interval '72 hours'),
  CHECK ((status = 'open') = (decided_at IS NULL)),
  CHECK ((status IN ('open', 'expired')) = (decided_by IS NULL)),
  CHECK (status NOT IN ('confirmed', 'refused') OR decided_by <> proposed_by),
  CHECK (status <> 'taken_back' OR decided_by = proposed_by),
  CHECK ((status = 'refused') = (reason IS NOT NULL))
);
-- One at a time about one thing: what is confirmed is a change of what the second administrator saw.
CREATE UNIQUE INDEX changes_open ON changes (subject) WHERE status = 'open';
CREATE INDEX changes_latest ON changes (proposed_at DESC, id);

-- What was settled stays so, and what was proposed never becomes something else.
CREATE FUNCTION keep_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.status <> 'open' OR (NEW.kind, NEW.subject, NEW.payload, NEW.kept, NEW.sealed, NEW.proposed_by, NEW.proposed_at, NEW.expires_at)
     IS DISTINCT FROM (OLD.kind, OLD.subject, OLD.payload, OLD.kept, OLD.sealed, OLD.proposed_by, OLD.proposed_at, OLD.expires_at) THEN
    RAISE EXCEPTION USING ERRCODE = 'FM002', MESSAGE = 'a change is settled once and never edited';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER changes_kept BEFORE UPDATE ON changes FOR EACH ROW EXECUTE FUNCTION keep_change();
CREATE TRIGGER changes_not_deleted BEFORE DELETE OR TRUNCATE ON changes FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- The first fact is that of the change itself; the others say what it did, and decide nothing about alerts.
CREATE FUNCTION state_change(p_change uuid, p_by uuid, p_type text, p_facts text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  said jsonb := p_facts[1]::jsonb;
BEGIN
  IF said ->> 'type' IS DISTINCT FROM p_type OR said -> 'body' ->> 'change' IS DISTINCT FROM p_change::text
     OR EXISTS (SELECT FROM unnest(p_facts) AS f (record) WHERE f.record::jsonb ->> 'actor' IS DISTINCT FROM
                (CASE p_by WHEN '00000000-0000-0000-0000-000000000000' THEN 'system' ELSE 'officer:' || p_by END))
     OR EXISTS (SELECT FROM unnest(p_facts[2:]) AS f (record) WHERE f.record::jsonb ->> 'type' ~ '^(alert|revision|change)\.') THEN
    RAISE EXCEPTION USING ERRCODE = 'FM003', MESSAGE = 'a change is written with its own fact';
  END IF;
  PERFORM link_facts(p_facts);
END $$;

CREATE FUNCTION propose_change(p_change uuid, p_kind text, p_subject text, p_payload jsonb, p_kept jsonb, p_sealed bytea, p_by uuid, p_at timestamptz,
                               p_expires timestamptz, p_facts text[])
  RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM must_hold_role(p_by, 'administrator');
  IF to_regprocedure(format('%I(changes, jsonb, timestamptz)', 'apply_' || replace(p_kind, '.', '_'))) IS NULL THEN PERFORM refuse('CHANGE_KIND_UNKNOWN'); END IF;
  INSERT INTO changes (id, kind, subject, payload, kept, sealed, proposed_by, proposed_at, expires_at)
    VALUES (p_change, p_kind, p_subject, p_payload, p_kept, p_sealed, p_by, p_at, p_expires)
    ON CONFLICT (subject) WHERE status = 'open' DO NOTHING;
  IF NOT FOUND THEN PERFORM refuse('CHANGE_PENDING'); END IF;
  PERFORM state_change(p_change, p_by, 'change.proposed', p_facts);
END $$;

-- The one way in which a change ends, once. Confirming carries it out in the same transaction; `p_given` is what was made at
-- that moment for `apply_<kind>`.
CREATE FUNCTION settle_change(p_change uuid, p_verb text, p_by uuid, p_at timestamptz, p_given jsonb, p_reason bytea, p_facts text[])
  RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  c changes;
  target text := CASE p_verb WHEN 'confirm' THEN 'confirmed' WHEN 'refuse' THEN 'refused' WHEN 'take_back' THEN 'taken_back' WHEN 'expire' THEN 'expired' END;
BEGIN
  SELECT * INTO c FROM changes WHERE id = p_change FOR UPDATE;
  IF NOT FOUND THEN PERFORM refuse('CHANGE_MISSING'); END IF;
  IF c.status <> 'open' OR target IS NULL THEN PERFORM refuse('CHANGE_SETTLED'); END IF;
  IF target = 'expired' THEN
    IF p_by IS DISTINCT FROM '00000000-0000-0000-0000-000000000000' OR (p_at >= c.expires_at) IS NOT TRUE THEN PERFORM refuse('TRANSITION_NOT_ALLOWED'); END IF;
  ELSE
    PERFORM must_hold_role(p_by, 'administrator');
    IF (p_at < c.expires_at) IS NOT TRUE THEN PERFORM refuse('CHANGE_SETTLED'); END IF;
    IF (p_by = c.proposed_by) IS DISTINCT FROM (target = 'taken_back') THEN PERFORM refuse('CHANGE_OWN'); END IF;
    -- Who was disabled or appointed elsewhere meanwhile does not stand behind it any more; then one administrator alone would.
    IF target = 'confirmed' THEN PERFORM must_hold_role(c.proposed_by, 'administrator'); END IF;
  END IF;
  IF target = 'refused' AND p_reason IS NULL THEN PERFORM refuse('REASON_MISSING'); END IF;
  UPDATE changes SET status = target, decided_by = CASE WHEN target <> 'expired' THEN p_by END, decided_at = p_at, reason = CASE WHEN target = 'refused' THEN p_reason END
    WHERE id = p_change;
  IF target = 'confirmed' THEN
    EXECUTE format('SELECT %I($1, $2, $3)', 'apply_' || replace(c.kind, '.', '_')) USING c, p_given, p_at;
  END IF;
  PERFORM state_change(p_change, p_by, 'change.' || target, p_facts);
  PERFORM pg_notify('changes', c.kind);
END $$;

GRANT SELECT ON changes TO findme_app;
GRANT EXECUTE ON FUNCTION
  propose_change(uuid, text, text, jsonb, jsonb, bytea, uuid, timestamptz, timestamptz, text[]),
  settle_change(uuid, text, uuid, timestamptz, jsonb, bytea, text[])
  TO findme_app;
