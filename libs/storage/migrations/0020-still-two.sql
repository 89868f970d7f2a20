-- Two people stand behind a change still when it is carried out, and behind words from the first one on.

CREATE OR REPLACE FUNCTION settle_change(p_change uuid, p_verb text, p_by uuid, p_at timestamptz, p_given jsonb, p_reason bytea, p_facts text[])
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

-- `p_writers` is empty where an alert's own words are only opened.
CREATE OR REPLACE FUNCTION begin_draft(p_id uuid, p_mode text, p_by uuid, p_at timestamptz, p_over integer, p_key bytea, p_writers uuid[], p_sealed bytea, p_photo text, p_facts text[])
  RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  a alerts;
BEGIN
  PERFORM must_hold_role(p_by, 'author');
  SELECT * INTO a FROM alerts WHERE id = p_id FOR UPDATE;
  IF p_over IS NULL THEN
    IF FOUND THEN PERFORM refuse('DRAFT_STALE'); END IF;
    IF (p_by = ANY (p_writers)) IS NOT TRUE THEN RAISE EXCEPTION USING ERRCODE = 'FM002', MESSAGE = 'who begins a new alert is its writer'; END IF;
  ELSE
    IF NOT FOUND OR a.mode IS DISTINCT FROM p_mode THEN PERFORM refuse('ALERT_MISSING'); END IF;
    IF EXISTS (SELECT FROM drafts WHERE id = p_id) THEN PERFORM refuse('DRAFT_STALE'); END IF;
    IF a.version IS DISTINCT FROM p_over THEN PERFORM refuse('ALERT_STALE'); END IF;
    IF NOT EXISTS (SELECT FROM revisions WHERE alert_id = p_id AND number = a.proposal AND status IN ('draft', 'returned')) THEN PERFORM refuse('TRANSITION_NOT_ALLOWED'); END IF;
  END IF;
  INSERT INTO drafts (id, mode, version, over_version, wrapped, writers, begun_by, begun_at, saved_by, saved_at, sealed, photo_sha256)
    VALUES (p_id, p_mode, 1, p_over, p_key, p_writers, p_by, p_at, p_by, p_at, p_sealed, p_photo);
  PERFORM state_decision(p_id, p_by, 'draft.begun', p_facts);
END $$;
