-- Redaction by two persons (RQ-14). The application's role may change no entry; this function may, after it has checked both.
-- Filled in by itp_trial/audit.py: the roles that may ask and grant.

CREATE OR REPLACE FUNCTION itp_holds(person bigint, roles text[], child uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (
        SELECT 1 FROM itp_trial_roleassignment a JOIN casebook_participant p ON p.id = child
        JOIN itp_trial_user u ON u.id = a.user_id AND u.is_active, (SELECT (now() AT TIME ZONE '{zone}')::date AS day) AS today
        WHERE a.user_id = person AND a.role = ANY(roles) AND (a.site_id IS NULL OR a.site_id = p.site_id)
            AND a.signed_at IS NOT NULL AND a.stopped_at IS NULL AND a.starts <= day AND (a.ends IS NULL OR a.ends >= day)
    )
$$;

CREATE OR REPLACE FUNCTION itp_redact(request bigint) RETURNS void LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp SET timezone = 'UTC' AS $$
DECLARE
    r itp_trial_redaction;
    granter bigint := nullif(substring(itp_said('actor_id') FROM '^user:([0-9]+)$'), '')::bigint;
    found jsonb;
    marker jsonb := to_jsonb('[redacted ' || request || ']');
BEGIN
    SELECT * INTO r FROM itp_trial_redaction WHERE id = request AND decided_at IS NULL FOR UPDATE;
    IF r.id IS NULL THEN
        RAISE EXCEPTION 'there is no open request %', request;
    ELSIF granter IS NULL OR granter = r.asked_by_id THEN
        RAISE EXCEPTION 'a redaction needs two persons';
    ELSIF NOT itp_holds(r.asked_by_id, '{askers}', r.participant) THEN
        RAISE EXCEPTION 'who asked for it may not ask';
    ELSIF NOT itp_holds(granter, '{granters}', r.participant) THEN
        RAISE EXCEPTION 'this person may not grant it';
    END IF;
    SELECT e.new -> r."column" INTO found FROM itp_trial_auditentry e
        WHERE e.id = r.entry AND e.participant = r.participant AND e.table_name = r.table_name AND e."row" = r."row";
    IF found IS NULL OR jsonb_typeof(found) <> 'string' THEN
        RAISE EXCEPTION 'no text stands there';
    END IF;
    UPDATE itp_trial_redaction SET decided_by_id = granter, decided_at = clock_timestamp(), granted = true WHERE id = request;
    -- The row itself first: that change becomes an entry, which holds the text once more and is redacted with the others.
    EXECUTE format(
        'UPDATE %I t SET %I = $1 WHERE coalesce(to_jsonb(t) ->> ''id'', to_jsonb(t) ->> ''record_id'') = $2 AND %I = $3',
        r.table_name, r."column", r."column"
    ) USING marker #>> '{{}}', r."row", found #>> '{{}}';
    WITH changed AS (
        UPDATE itp_trial_auditentry SET salt = NULL,
            old = CASE WHEN old -> r."column" = found THEN jsonb_set(old, ARRAY[r."column"], marker) ELSE old END,
            new = CASE WHEN new -> r."column" = found THEN jsonb_set(new, ARRAY[r."column"], marker) ELSE new END
        WHERE table_name = r.table_name AND "row" = r."row" AND (old -> r."column" = found OR new -> r."column" = found)
        RETURNING id, itp_left(old, new) AS digest
    )
    SELECT jsonb_object_agg(id, digest) INTO r.entries FROM changed;
    UPDATE itp_trial_redaction SET entries = r.entries WHERE id = request;
END $$;
