-- Row-level security: what the application's role sees. The owner of the tables (migrations, backups) sees everything.

CREATE OR REPLACE FUNCTION itp_sees_all() RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT coalesce(current_setting('itp.sites', true), '') = '*'
$$;

CREATE OR REPLACE FUNCTION itp_sites() RETURNS bigint[] LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN itp_sees_all() THEN '{}'
        ELSE string_to_array(nullif(current_setting('itp.sites', true), ''), ',')::bigint[] END
$$;
