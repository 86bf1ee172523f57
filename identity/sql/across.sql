-- Across the wall between the sites, without opening it: these answer yes or no, and nothing else.

CREATE OR REPLACE FUNCTION itp_pair(one uuid, other uuid) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT encode(sha256(convert_to(least(one, other)::text || ' ' || greatest(one, other)::text, 'UTF8')), 'hex')
$$;

-- Whether another child of the trial has one of these fingerprints, except those that were found to be two children.
CREATE OR REPLACE FUNCTION itp_known_to_the_trial(codes text[], child uuid) RETURNS boolean LANGUAGE sql STABLE
SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT EXISTS (
        SELECT 1 FROM identity_fingerprint f WHERE f.code = ANY(codes) AND f.participant_id <> child AND NOT EXISTS (
            SELECT 1 FROM identity_duplicatedecision d
            WHERE d.pair = itp_pair(f.participant_id, child) AND d.verdict = 'different'
        )
    )
$$;
