-- A change of what is signed supersedes the signature in the same transaction, whoever writes, also by hand in SQL. It hangs
-- on the trail itself, so nothing that leaves an entry can pass it. Argument of the trigger: the tables of signed content.

CREATE OR REPLACE FUNCTION itp_supersede() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NEW.table_name = ANY(string_to_array(TG_ARGV[0], ',')) THEN
        UPDATE signatures_signature SET superseded_by = NEW.id, superseded_at = NEW.at
            WHERE participant_id = NEW.participant AND superseded_by IS NULL AND manifest ? NEW.record::text;
    END IF;
    RETURN NULL;
END $$;

-- Who may change a signature at all: only the function above, and only from valid to superseded.
CREATE OR REPLACE FUNCTION itp_written_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF to_jsonb(NEW) - ARRAY['superseded_by', 'superseded_at'] <> to_jsonb(OLD) - ARRAY['superseded_by', 'superseded_at']
            OR OLD.superseded_by IS NOT NULL OR NEW.superseded_by IS NULL THEN
        RAISE EXCEPTION 'a signature is written once';
    END IF;
    RETURN NEW;
END $$;
