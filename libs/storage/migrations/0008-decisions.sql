-- The functions that decide on alerts. Each checks the table of moves, the version, the officer and the four eyes, and writes
-- the change, its fact and its outbox row together.

-- Locks the alert, checks version and table, moves its status.
CREATE FUNCTION move_alert(p_alert uuid, p_version integer, p_verb text) RETURNS alerts LANGUAGE plpgsql AS $$
DECLARE
  a alerts;
  target text;
BEGIN
  SELECT * INTO a FROM alerts WHERE id = p_alert FOR UPDATE;
  IF NOT FOUND THEN PERFORM refuse('ALERT_MISSING'); END IF;
  IF a.version IS DISTINCT FROM p_version THEN PERFORM refuse('ALERT_STALE'); END IF;
  SELECT to_status INTO target FROM alert_moves WHERE verb = p_verb AND from_status = a.status;
  IF target IS NULL THEN PERFORM refuse('TRANSITION_NOT_ALLOWED'); END IF;
  a.status := target;
  a.version := a.version + 1;
  RETURN a;
END $$;

CREATE FUNCTION move_proposal(a alerts, p_verb text) RETURNS revisions LANGUAGE plpgsql AS $$
DECLARE
  r revisions;
BEGIN
  SELECT * INTO r FROM revisions WHERE alert_id = a.id AND number = a.proposal FOR UPDATE;
  IF NOT EXISTS (SELECT FROM proposal_moves WHERE verb = p_verb AND from_status = r.status) THEN
    PERFORM refuse('TRANSITION_NOT_ALLOWED');
  END IF;
  RETURN r;
END $$;

-- Writes the fact of a decision: one, of the decision's own type, about this alert, by who made it.
CREATE FUNCTION state_decision(p_alert uuid, p_by uuid, p_type text, p_facts text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  said jsonb := p_facts[1]::jsonb;
BEGIN
  IF cardinality(p_facts) IS DISTINCT FROM 1 OR said ->> 'type' IS DISTINCT FROM p_type OR said ->> 'alert' IS DISTINCT FROM p_alert::text
     OR said ->> 'actor' IS DISTINCT FROM (CASE p_by WHEN '00000000-0000-0000-0000-000000000000' THEN 'system' ELSE 'officer:' || p_by END) THEN
    RAISE EXCEPTION USING ERRCODE = 'FM003', MESSAGE = 'a decision is written with its own fact';
  END IF;
  PERFORM link_facts(p_facts);
END $$;

CREATE FUNCTION create_alert(p_alert uuid, p_mode text, p_case text, p_by uuid, p_at timestamptz, p_key bytea, p_sealed bytea, p_facts text[])
  RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM must_hold_role(p_by, 'author');
  INSERT INTO alerts (id, mode, status, version, case_number, created_by, created_at, last_revision, proposal)
    VALUES (p_alert, p_mode, 'prepared', 1, p_case, p_by, p_at, 1, 1);
  INSERT INTO case_keys VALUES (p_alert, p_key);
  INSERT INTO revisions (alert_id, number, kind, status, case_number, writers, sealed)
    VALUES (p_alert, 1, 'alert', 'draft', p_case, ARRAY[p_by], p_sealed);
  PERFORM state_decision(p_alert, p_by, 'alert.created', p_facts[1:1]);
  PERFORM state_decision(p_alert, p_by, 'revision.saved', p_facts[2:]);
END $$;

CREATE FUNCTION edit_alert(p_alert uuid, p_version integer, p_case text, p_by uuid, p_sealed bytea, p_facts text[])
  RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  a alerts; r revisions;
BEGIN
  PERFORM must_hold_role(p_by, 'author');
  a := move_alert(p_alert, p_version, 'edit');
  r := move_proposal(a, 'edit');
  UPDATE revisions SET sealed = p_sealed, case_number = p_case, content_hash = NULL, identifier = NULL, submitted_by = NULL,
    writers = CASE WHEN p_by = ANY (writers) THEN writers ELSE writers || p_by END
    WHERE alert_id = p_alert AND number = r.number;
  -- What the public has keeps its case number until the edit is published too.
  UPDATE alerts SET version = a.version, case_number = CASE WHEN a.current_revision IS NULL THEN p_case ELSE case_number END WHERE id = p_alert;
  PERFORM state_decision(p_alert, p_by, 'revision.saved', p_facts);
END $$;

CREATE FUNCTION submit_alert(p_alert uuid, p_version integer, p_by uuid, p_identifier text, p_hash text, p_sealed bytea, p_facts text[])
  RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  a alerts; r revisions;
BEGIN
  PERFORM must_hold_role(p_by, 'author');
  a := move_alert(p_alert, p_version, 'submit');
  r := move_proposal(a, 'submit');
  UPDATE revisions SET status = 'in_review', submitted_by = p_by, identifier = p_identifier, content_hash = p_hash, sealed = p_sealed
    WHERE alert_id = p_alert AND number = r.number;
  UPDATE alerts SET version = a.version WHERE id = p_alert;
  PERFORM state_decision(p_alert, p_by, 'revision.submitted', p_facts);
END $$;

-- Return or reject, always with a remark.
CREATE FUNCTION send_back_alert(p_alert uuid, p_version integer, p_by uuid, p_verb text, p_at timestamptz, p_remark bytea, p_facts text[])
  RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  a alerts; r revisions;
BEGIN
  IF p_verb NOT IN ('return', 'reject') THEN PERFORM refuse('TRANSITION_NOT_ALLOWED'); END IF;
  IF p_remark IS NULL THEN PERFORM refuse('REASON_MISSING'); END IF;
  PERFORM must_hold_role(p_by, 'approver');
  a := move_alert(p_alert, p_version, p_verb);
  r := move_proposal(a, p_verb);
  UPDATE revisions SET status = CASE p_verb WHEN 'return' THEN 'returned' ELSE 'rejected' END, decided_by = p_by
    WHERE alert_id = p_alert AND number = r.number;
  UPDATE alerts SET version = a.version, status = a.status, proposal = CASE p_verb WHEN 'return' THEN proposal END,
    ended_at = CASE a.status WHEN 'rejected' THEN p_at END WHERE id = p_alert;
  INSERT INTO remarks (alert_id, revision, verb, by, at, sealed) VALUES (p_alert, r.number, p_verb, p_by, p_at, p_remark);
  PERFORM state_decision(p_alert, p_by, CASE p_verb WHEN 'return' THEN 'revision.returned' ELSE 'revision.rejected' END, p_facts);
END $$;

CREATE FUNCTION approve_alert(p_alert uuid, p_version integer, p_by uuid, p_hash text, p_sent timestamptz, p_expires timestamptz, p_facts text[])
  RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  a alerts; r revisions;
BEGIN
  PERFORM must_hold_role(p_by, 'approver');
  a := move_alert(p_alert, p_version, 'approve');
  r := move_proposal(a, 'approve');
  IF p_by = ANY (r.writers) OR p_by = r.submitted_by THEN PERFORM refuse('APPROVER_IS_WRITER'); END IF;
  IF r.content_hash IS DISTINCT FROM p_hash THEN PERFORM refuse('APPROVAL_STALE_HASH'); END IF;
  IF p_expires <= p_sent OR p_expires > p_sent + interval '72 hours' THEN PERFORM refuse('VALIDITY_OUT_OF_RANGE'); END IF;
  UPDATE revisions SET status = 'approved', decided_by = p_by, sent_at = p_sent, expires_at = p_expires
    WHERE alert_id = p_alert AND number = r.number;
  UPDATE alerts SET version = a.version, status = a.status, proposal = NULL, current_revision = r.number, expires_at = p_expires,
    case_number = r.case_number WHERE id = p_alert;
  INSERT INTO outbox (alert_id, revision, kind, content_hash) VALUES (p_alert, r.number, r.kind, p_hash);
  PERFORM state_decision(p_alert, p_by, 'revision.approved', p_facts);
  PERFORM pg_notify('outbox', p_alert::text);
END $$;

CREATE FUNCTION revise_alert(p_alert uuid, p_version integer, p_by uuid, p_sealed bytea, p_facts text[])
  RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  a alerts;
BEGIN
  PERFORM must_hold_role(p_by, 'author');
  a := move_alert(p_alert, p_version, 'revise');
  IF a.proposal IS NOT NULL THEN PERFORM refuse('TRANSITION_NOT_ALLOWED'); END IF;
  INSERT INTO revisions (alert_id, number, kind, status, case_number, writers, sealed)
    VALUES (p_alert, a.last_revision + 1, 'update', 'draft', a.case_number, ARRAY[p_by], p_sealed);
  UPDATE alerts SET version = a.version, last_revision = a.last_revision + 1, proposal = a.last_revision + 1 WHERE id = p_alert;
  PERFORM state_decision(p_alert, p_by, 'revision.saved', p_facts);
END $$;

-- Found, withdrawn or expired: one officer is enough (for expiry, the clock is). A proposal in the making is dropped.
CREATE FUNCTION end_alert(p_alert uuid, p_version integer, p_by uuid, p_verb text, p_at timestamptz, p_identifier text, p_hash text,
                          p_sealed bytea, p_remark bytea, p_facts text[])
  RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  a alerts;
BEGIN
  IF p_verb NOT IN ('found', 'withdraw', 'expire') THEN PERFORM refuse('TRANSITION_NOT_ALLOWED'); END IF;
  IF p_verb IS DISTINCT FROM 'expire' THEN PERFORM must_hold_role(p_by, 'author', 'approver'); END IF;
  IF p_verb <> 'expire' AND p_remark IS NULL THEN PERFORM refuse('REASON_MISSING'); END IF;
  a := move_alert(p_alert, p_version, p_verb);
  IF p_verb = 'expire' AND (a.expires_at > p_at) IS NOT FALSE THEN PERFORM refuse('TRANSITION_NOT_ALLOWED'); END IF;
  UPDATE revisions SET status = 'dropped' WHERE alert_id = p_alert AND number = a.proposal;
  INSERT INTO revisions (alert_id, number, kind, status, writers, identifier, content_hash, sent_at, expires_at, sealed)
    VALUES (p_alert, a.last_revision + 1, CASE p_verb WHEN 'withdraw' THEN 'withdrawn' WHEN 'expire' THEN 'expired' ELSE 'found' END,
            'ending', '{}', p_identifier, p_hash, p_at, p_at + interval '24 hours', p_sealed);
  UPDATE alerts SET version = a.version, status = a.status, proposal = NULL, last_revision = a.last_revision + 1, ended_at = p_at WHERE id = p_alert;
  IF p_remark IS NOT NULL THEN
    INSERT INTO remarks (alert_id, revision, verb, by, at, sealed) VALUES (p_alert, a.last_revision + 1, p_verb, p_by, p_at, p_remark);
  END IF;
  INSERT INTO outbox (alert_id, revision, kind, content_hash)
    VALUES (p_alert, a.last_revision + 1, CASE p_verb WHEN 'withdraw' THEN 'withdrawn' WHEN 'expire' THEN 'expired' ELSE 'found' END, p_hash);
  PERFORM state_decision(p_alert, p_by, CASE p_verb WHEN 'withdraw' THEN 'alert.withdrawn' WHEN 'expire' THEN 'alert.expired' ELSE 'alert.found' END, p_facts);
  PERFORM pg_notify('outbox', p_alert::text);
END $$;

-- Destroys the key and everything sealed with it. Hashes, times and officers remain. Not before the ending has gone out as
-- far as it can: its words are sealed under the same key, and a partner that still airs must be told to stop first.
CREATE FUNCTION erase_alert(p_alert uuid, p_version integer, p_by uuid, p_at timestamptz, p_facts text[])
  RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  a alerts;
BEGIN
  IF p_by IS DISTINCT FROM '00000000-0000-0000-0000-000000000000' THEN PERFORM must_hold_role(p_by, 'approver'); END IF;
  a := move_alert(p_alert, p_version, 'erase');
  IF EXISTS (SELECT FROM outbox WHERE alert_id = p_alert AND planned_at IS NULL)
     OR EXISTS (SELECT FROM deliveries WHERE alert_id = p_alert AND state IN ('queued', 'sending', 'waiting')) THEN
    PERFORM refuse('TRANSITION_NOT_ALLOWED');
  END IF;
  DELETE FROM case_keys WHERE alert_id = p_alert;
  UPDATE revisions SET sealed = NULL WHERE alert_id = p_alert;
  UPDATE photos SET sealed = NULL WHERE alert_id = p_alert;
  UPDATE remarks SET sealed = NULL WHERE alert_id = p_alert;
  UPDATE revisions SET status = 'dropped' WHERE alert_id = p_alert AND number = a.proposal;
  UPDATE alerts SET version = a.version, status = a.status, ended_at = coalesce(ended_at, p_at), erased_at = p_at, proposal = NULL WHERE id = p_alert;
  PERFORM state_decision(p_alert, p_by, 'alert.erased', p_facts);
END $$;

GRANT EXECUTE ON FUNCTION
  create_alert(uuid, text, text, uuid, timestamptz, bytea, bytea, text[]),
  edit_alert(uuid, integer, text, uuid, bytea, text[]),
  submit_alert(uuid, integer, uuid, text, text, bytea, text[]),
  send_back_alert(uuid, integer, uuid, text, timestamptz, bytea, text[]),
  approve_alert(uuid, integer, uuid, text, timestamptz, timestamptz, text[]),
  revise_alert(uuid, integer, uuid, bytea, text[]),
  end_alert(uuid, integer, uuid, text, timestamptz, text, text, bytea, bytea, text[]),
  erase_alert(uuid, integer, uuid, timestamptz, text[])
  TO findme_app;
