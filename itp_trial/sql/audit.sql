-- The trail's own functions. They run with the rights of the owner of the tables, so that the application's role needs no
-- right to write into the trail, and in UTC, so that an entry has the same text (and hash) on every connection.

CREATE OR REPLACE FUNCTION itp_said(name text) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT coalesce(current_setting('itp.' || name, true), '')
$$;

-- The digest of an entry's values. The salt keeps a redacted value from being guessed.
CREATE OR REPLACE FUNCTION itp_content(salt uuid, old jsonb, new jsonb) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT encode(sha256(convert_to(concat_ws('|', salt, coalesce(old::text, ''), coalesce(new::text, '')), 'UTF8')), 'hex')
$$;

-- Whose row it is: fills site, participant, record and form of an entry from the row's own key of that kind.
CREATE OR REPLACE FUNCTION itp_owner(entry itp_trial_auditentry, kind text, key text)
RETURNS itp_trial_auditentry LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF key IS NULL OR kind = '' THEN
        RETURN entry;
    ELSIF kind = 'record' THEN
        SELECT r.id, r.participant_id, s.code, r.form INTO entry.record, entry.participant, entry.site, entry.form
            FROM casebook_formrecord r JOIN itp_trial_site s ON s.id = r.site_id WHERE r.id = key::uuid;
    ELSIF kind = 'visit' THEN
        SELECT p.id, s.code INTO entry.participant, entry.site FROM casebook_visit v
            JOIN casebook_participant p ON p.id = v.participant_id JOIN itp_trial_site s ON s.id = p.site_id
            WHERE v.id = key::uuid;
    ELSIF kind = 'participant' THEN
        SELECT p.id, s.code INTO entry.participant, entry.site FROM casebook_participant p
            JOIN itp_trial_site s ON s.id = p.site_id WHERE p.id = key::uuid;
    ELSIF kind = 'site' THEN
        SELECT s.code INTO entry.site FROM itp_trial_site s WHERE s.id = key::bigint;
    END IF;
    entry.site := coalesce(entry.site, '');
    entry.form := coalesce(entry.form, '');
    RETURN entry;
END $$;

-- Arguments of the trigger: 'answers', 'row' or 'replaceable'; the kind of owner; the column of the owner's key.
CREATE OR REPLACE FUNCTION itp_audit() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp SET timezone = 'UTC' AS $$
DECLARE
    hidden text[] := ARRAY['password', 'last_login', 'digest', 'secret', 'last_step', 'sign_count', 'last_used_at', 'sealed'];
    before jsonb := CASE WHEN TG_OP = 'INSERT' THEN '{}' ELSE to_jsonb(OLD) - hidden END;
    after jsonb := CASE WHEN TG_OP = 'DELETE' THEN '{}' ELSE to_jsonb(NEW) - hidden END;
    entry itp_trial_auditentry;
BEGIN
    IF TG_OP = 'DELETE' AND TG_ARGV[0] <> 'replaceable' THEN
        RAISE EXCEPTION 'rows of % are never deleted', TG_TABLE_NAME;
    END IF;
    IF TG_OP = 'UPDATE' AND before = after THEN
        RETURN NULL;
    END IF;
    entry.actor_id := itp_said('actor_id');
    IF entry.actor_id = '' THEN
        RAISE EXCEPTION 'a write to % needs to say who is acting', TG_TABLE_NAME;
    END IF;
    SELECT jsonb_object_agg(key, value) INTO entry.new FROM jsonb_each(after)
        WHERE NOT before ? key OR before -> key IS DISTINCT FROM value;
    SELECT jsonb_object_agg(key, value) INTO entry.old FROM jsonb_each(before)
        WHERE NOT after ? key OR after -> key IS DISTINCT FROM value;
    entry.reason := itp_said('reason');
    IF TG_OP = 'UPDATE' AND TG_ARGV[0] = 'answers' AND entry.reason = '' AND itp_takes_away(entry.old) THEN
        RAISE EXCEPTION 'a stored answer of % changes only with a reason', TG_TABLE_NAME;
    END IF;
    entry.actor_name := itp_said('actor_name');
    entry.role := itp_said('role');
    entry.reason_code := itp_said('reason_code');
    entry.request_id := itp_said('request_id');
    entry.software := itp_said('software');
    entry.witness := itp_said('witness');
    entry.table_name := TG_TABLE_NAME;
    entry.operation := TG_OP;
    entry."row" := coalesce(after ->> 'id', after ->> 'record_id', before ->> 'id');
    entry.site := '';
    entry.form := '';
    entry := itp_owner(entry, TG_ARGV[1], after ->> TG_ARGV[2]);
    PERFORM itp_append(entry);
    RETURN NULL;
END $$;

-- True where an answer that stood there (or the reason why it was missing) becomes another one.
CREATE OR REPLACE FUNCTION itp_takes_away(old jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT EXISTS (SELECT 1 FROM jsonb_each(old)
        WHERE key <> 'position' AND value <> 'null' AND NOT (key = 'missing' AND value = '{}'))
$$;

-- Numbers the entry within its chain and binds it to the one before. Writers of one chain wait here for each other.
CREATE OR REPLACE FUNCTION itp_append(entry itp_trial_auditentry) RETURNS void LANGUAGE plpgsql
SET timezone = 'UTC' AS $$
DECLARE
    last record;
BEGIN
    entry.chain := coalesce(entry.participant::text, 'trial');
    IF entry.participant IS NULL THEN
        PERFORM pg_advisory_xact_lock(hashtextextended('itp.chain', 0));
    ELSE
        -- The same lock that actions take on their participant: with two kinds of lock, two saves could wait for each other.
        PERFORM 1 FROM casebook_participant WHERE id = entry.participant FOR NO KEY UPDATE;
    END IF;
    SELECT place, hash INTO last FROM itp_trial_auditentry WHERE chain = entry.chain ORDER BY place DESC LIMIT 1;
    entry.place := coalesce(last.place, 0) + 1;
    entry.previous := coalesce(last.hash, '');
    entry.id := nextval(pg_get_serial_sequence('itp_trial_auditentry', 'id'));
    entry.at := clock_timestamp();
    entry.salt := gen_random_uuid();
    entry.content := itp_content(entry.salt, entry.old, entry.new);
    entry.hash := encode(sha256(convert_to(itp_bound(entry), 'UTF8')), 'hex');
    INSERT INTO itp_trial_auditentry SELECT entry.*;
END $$;

-- What the hash of an entry covers: everything but the values themselves, which stand there as their digest.
CREATE OR REPLACE FUNCTION itp_bound(entry itp_trial_auditentry) RETURNS text LANGUAGE sql STABLE SET timezone = 'UTC' AS $$
    SELECT (to_jsonb(entry) - ARRAY['old', 'new', 'salt', 'hash'])::text
$$;

-- The digest of what a redaction leaves of an entry's values.
CREATE OR REPLACE FUNCTION itp_left(old jsonb, new jsonb) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT encode(sha256(convert_to(coalesce(old::text, '') || '|' || coalesce(new::text, ''), 'UTF8')), 'hex')
$$;

-- True where nothing but the one column of a granted redaction of this row changes, and the salt is forgotten.
CREATE OR REPLACE FUNCTION itp_redacts(before itp_trial_auditentry, after itp_trial_auditentry)
RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT after.salt IS NULL
        AND to_jsonb(before) - ARRAY['old', 'new', 'salt'] = to_jsonb(after) - ARRAY['old', 'new', 'salt']
        AND EXISTS (
            SELECT 1 FROM itp_trial_redaction r
            WHERE r.granted AND r.table_name = before.table_name AND r."row" = before."row"
                AND before.old - r."column"::text IS NOT DISTINCT FROM after.old - r."column"::text
                AND before.new - r."column"::text IS NOT DISTINCT FROM after.new - r."column"::text
        )
$$;

-- The same for a line of a table that only grows (a comment): nothing but its text becomes the marker.
CREATE OR REPLACE FUNCTION itp_redacts_line(of_table text, before jsonb, after jsonb) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (
        SELECT 1 FROM itp_trial_redaction r
        WHERE r.granted AND r.table_name = of_table AND r."row" = before ->> 'id'
            AND before - r."column"::text = after - r."column"::text
            AND after ->> r."column"::text = '[redacted ' || r.id || ']'
    )
$$;

CREATE OR REPLACE FUNCTION itp_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND TG_TABLE_NAME = 'itp_trial_auditentry' THEN
        IF itp_redacts(OLD, NEW) THEN
            RETURN NEW;
        END IF;
    ELSIF TG_OP = 'UPDATE' AND itp_redacts_line(TG_TABLE_NAME, to_jsonb(OLD), to_jsonb(NEW)) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
END $$;
