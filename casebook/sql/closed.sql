-- Whoever writes an answer, by a page, a machine or by hand in SQL: what is frozen or locked takes none. Safety data are
-- closed only by a lock of their own. Arguments of the trigger: the column that holds the record's key, and the safety forms.

CREATE OR REPLACE FUNCTION itp_refuse_closed() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    key uuid := (to_jsonb(NEW) ->> TG_ARGV[0])::uuid;
    whose record;
BEGIN
    SELECT participant_id, visit_id, form = ANY(string_to_array(TG_ARGV[1], ',')) AS is_safety INTO whose
        FROM casebook_formrecord WHERE id = key;
    -- The same lock that a freeze takes: a save and a freeze happen in exactly one order.
    PERFORM 1 FROM casebook_participant WHERE id = whose.participant_id FOR NO KEY UPDATE;
    IF EXISTS (SELECT 1 FROM casebook_lock l WHERE l.participant_id = whose.participant_id AND l.lifted_at IS NULL
            AND (l.of_record_id = key OR (NOT whose.is_safety AND l.of_record_id IS NULL
                AND (l.of_visit_id IS NULL OR l.of_visit_id = whose.visit_id)))) THEN
        RAISE EXCEPTION 'itp: closed to changes: %', key;
    END IF;
    RETURN NEW;
END $$;
