-- From when to when there is anything of chargers: for ranges that count back from the newest.
SELECT
    toDateTime64(min(o.first), 0, 'UTC') AS first, toDateTime64(max(o.last), 0, 'UTC') AS last
FROM (
    SELECT min(start_parking) AS first, max(end_parking) AS last FROM stays HAVING count() > 0
    UNION ALL
    SELECT min(time), max(time) FROM signals HAVING count() > 0
    UNION ALL
    SELECT min(time), max(time) FROM occupied HAVING count() > 0
) AS o
HAVING count() > 0
