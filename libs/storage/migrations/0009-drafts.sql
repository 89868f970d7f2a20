-- Drafts: what authors write before it becomes an alert's proposal. Kept as it is typed, sealed, without a fact for each
-- save; the functions below see to roles, versions and writers, as those of alerts do.

CREATE TABLE drafts (
  -- The alert's: of the one it is over, or of the one that it will become.
  id           uuid PRIMARY KEY,
  mode         text NOT NULL CHECK (mode IN ('drill', 'live')),
  version      integer NOT NULL CHECK (version > 0),
  -- Version of the alert that it was begun over.
  over_version integer,
  -- The case's key to be, wrapped by the master key; where there is an alert, its own key serves.
  wrapped      bytea,
  writers      uuid[] NOT NULL,
  begun_by     uuid NOT NULL REFERENCES officers,
  begun_at     timestamptz NOT NULL,
  saved_by     uuid NOT NULL REFERENCES officers,
  saved_at     timestamptz NOT NULL,
  sealed       bytea NOT NULL,
  -- The photo as re-encoded by us, unless the alert has it already.
  photo_sha256 text CHECK (photo_sha256 ~ '^[0-9a-f]{64}$'),
  photo        bytea CHECK (photo IS NULL OR photo_sha256 IS NOT NULL),
  CHECK ((wrapped IS NULL) = (over_version IS NOT NULL))
);
CREATE INDEX drafts_left ON drafts (saved_at);

-- Who has a draft open. May be lost: it says only who to speak to.
CREATE TABLE draft_presence (
  draft_id   uuid NOT NULL REFERENCES drafts ON DELETE CASCADE,
  officer_id uuid NOT NULL REFERENCES officers,
  seen_at    timestamptz NOT NULL,
  PRIMARY KEY (draft_id, officer_id)
);

-- Locks a draft and checks its version.
CREATE FUNCTION take_draft(p_id uuid, p_mode text, p_version integer) RETURNS drafts LANGUAGE plpgsql AS $$
DECLARE
  d drafts;
BEGIN
  SELECT * INTO d FROM drafts WHERE id = p_id AND mode = p_mode FOR UPDATE;
  IF NOT FOUND THEN PERFORM refuse('DRAFT_MISSING'); END IF;
  IF d.version IS DISTINCT FROM p_version THEN PERFORM refuse('DRAFT_STALE'); END IF;
  RETURN d;
END $$;

-- `p_writers` is empty where an alert's own words are only opened.
CREATE FUNCTION begin_draft(p_id uuid, p_mode text, p_by uuid, p_at timestamptz, p_over integer, p_key bytea, p_writers uuid[], p_sealed bytea, p_photo text, p_facts text[])
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

-- Whoever saves is a writer from then on; nothing takes a writer out again. `p_photo` names the photo that the draft has
-- after this; its octets come along only when it is a new one.
CREATE FUNCTION save_draft(p_id uuid, p_mode text, p_version integer, p_by uuid, p_at timestamptz, p_sealed bytea, p_photo text, p_octets bytea)
  RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  d drafts;
BEGIN
  PERFORM must_hold_role(p_by, 'author');
  d := take_draft(p_id, p_mode, p_version);
  UPDATE drafts SET version = d.version + 1, saved_by = p_by, saved_at = p_at, sealed = p_sealed, photo_sha256 = p_photo,
    photo = CASE WHEN p_photo IS NULL THEN NULL WHEN p_octets IS NOT NULL THEN p_octets WHEN p_photo = d.photo_sha256 THEN d.photo END,
    writers = CASE WHEN p_by = ANY (d.writers) THEN d.writers ELSE d.writers || p_by END
    WHERE id = p_id;
END $$;

-- The draft becomes the proposal: a new alert, or an edit of the one it is over, with all its writers; and is submitted if
-- `p_hash` is given. Facts in their order: draft handed in, alert created (a new one), revision saved, photo stored (a new
-- one), revision submitted. Nothing of the draft is left.
CREATE FUNCTION hand_in_draft(p_id uuid, p_mode text, p_version integer, p_by uuid, p_at timestamptz, p_over integer, p_case text, p_sealed bytea,
                              p_identifier text, p_hash text, p_submitted bytea, p_facts text[])
  RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  d drafts; n integer; place integer := 2; alert_version integer;
BEGIN
  PERFORM must_hold_role(p_by, 'author');
  d := take_draft(p_id, p_mode, p_version);
  IF (d.over_version IS NULL) IS DISTINCT FROM (p_over IS NULL) THEN PERFORM refuse('ALERT_STALE'); END IF;
  PERFORM state_decision(p_id, p_by, 'draft.handed_in', p_facts[1:1]);
  IF p_over IS NULL THEN
    PERFORM create_alert(p_id, d.mode, p_case, p_by, p_at, d.wrapped, p_sealed, p_facts[2:3]);
    place := 4;
    alert_version := 1;
  ELSE
    PERFORM edit_alert(p_id, p_over, p_case, p_by, p_sealed, p_facts[2:2]);
    place := 3;
    alert_version := p_over + 1;
  END IF;
  SELECT proposal INTO STRICT n FROM alerts WHERE id = p_id;
  UPDATE revisions SET writers = writers || ARRAY(SELECT w FROM unnest(d.writers) AS w WHERE NOT w = ANY (writers)) WHERE alert_id = p_id AND number = n;
  IF d.photo IS NOT NULL THEN
    INSERT INTO photos VALUES (p_id, d.photo_sha256, d.photo) ON CONFLICT DO NOTHING;
    PERFORM state_decision(p_id, p_by, 'photo.stored', p_facts[place:place]);
    place := place + 1;
  END IF;
  DELETE FROM drafts WHERE id = p_id;
  IF p_hash IS NOT NULL THEN
    PERFORM submit_alert(p_id, alert_version, p_by, p_identifier, p_hash, p_submitted, p_facts[place:place]);
    place := place + 1;
  END IF;
  IF cardinality(p_facts) <> place - 1 THEN
    RAISE EXCEPTION USING ERRCODE = 'FM003', MESSAGE = 'a hand-in is written with its own facts';
  END IF;
END $$;

-- Erases a draft, its key included. The system itself does so only when nobody saved for a day.
CREATE FUNCTION drop_draft(p_id uuid, p_mode text, p_version integer, p_by uuid, p_at timestamptz, p_facts text[])
  RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  d drafts;
  alone boolean := p_by IS NOT DISTINCT FROM '00000000-0000-0000-0000-000000000000';
BEGIN
  IF NOT alone THEN PERFORM must_hold_role(p_by, 'author'); END IF;
  d := take_draft(p_id, p_mode, p_version);
  IF alone AND d.saved_at > p_at - interval '24 hours' THEN PERFORM refuse('DRAFT_STALE'); END IF;
  DELETE FROM drafts WHERE id = p_id;
  PERFORM state_decision(p_id, p_by, CASE WHEN alone THEN 'draft.erased' ELSE 'draft.discarded' END, p_facts);
END $$;

-- A proposal that is published, dropped or erased has no draft any more.
CREATE FUNCTION leave_draft() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM drafts WHERE id = NEW.id;
  RETURN NULL;
END $$;
CREATE TRIGGER alerts_leave_draft AFTER UPDATE ON alerts FOR EACH ROW WHEN (NEW.proposal IS NULL) EXECUTE FUNCTION leave_draft();

GRANT SELECT ON drafts TO findme_app;
GRANT SELECT, INSERT, UPDATE (seen_at), DELETE ON draft_presence TO findme_app;
GRANT EXECUTE ON FUNCTION
  begin_draft(uuid, text, uuid, timestamptz, integer, bytea, uuid[], bytea, text, text[]),
  save_draft(uuid, text, integer, uuid, timestamptz, bytea, text, bytea),
  hand_in_draft(uuid, text, integer, uuid, timestamptz, integer, text, bytea, text, text, bytea, text[]),
  drop_draft(uuid, text, integer, uuid, timestamptz, text[])
  TO findme_app;
