-- What the entries of a table add up to, row by row, against the rows as they are. Parameters: the table's name, and the
-- columns that never enter the trail. A column that was added after a row's last change stands in no entry of it: it must
-- still hold nothing. A column that was dropped since then is not missed.
WITH told AS (
    SELECT e."row", jsonb_object_agg(kv.key, kv.value ORDER BY e.id) AS state
    FROM itp_trial_auditentry e, jsonb_each(e.new) kv
    WHERE e.table_name = %(table)s AND e."row" NOT IN (
        SELECT "row" FROM itp_trial_auditentry WHERE table_name = %(table)s AND operation = 'DELETE'
    ) GROUP BY e."row"
), live AS (
    SELECT coalesce(j ->> 'id', j ->> 'record_id') AS "row", j - %(hidden)s::text[] AS state
    FROM (SELECT to_jsonb(t) AS j FROM {table} t) AS rows
), compared AS (
    SELECT coalesce(told."row", live."row") AS "row", told.state IS NULL AS untold, live.state IS NULL AS gone, (
        SELECT string_agg(format('%%s is %%s, its last entry says %%s', key, live.state -> key, told.state -> key), '; ' ORDER BY key)
        FROM jsonb_object_keys(live.state) AS k (key)
        WHERE CASE WHEN told.state ? key THEN told.state -> key IS DISTINCT FROM live.state -> key
            ELSE live.state -> key NOT IN ('null', 'false', '""', '{{}}', '[]', '0') END
    ) AS wrong
    FROM told FULL JOIN live ON told."row" = live."row"
)
SELECT "row", untold, gone, wrong FROM compared WHERE untold OR gone OR wrong IS NOT NULL
