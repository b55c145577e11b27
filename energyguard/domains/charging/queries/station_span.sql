-- question: From when to when there is anything of chargers: for ranges that count back from the
--   newest. One charger's clock does not decide: what is over an hour beyond the time that two of
--   them have reached, and beyond what the worker counted, is passed over. (A lone charger is held
--   against the worker alone.)
--   What is withdrawn is nothing.
-- columns: first time, last time
WITH
    clocks AS (
        SELECT charger, max(time) AS last FROM signals GROUP BY charger ORDER BY last DESC LIMIT 2
    ),
    (SELECT (count(), toUnixTimestamp(min(last))) FROM clocks) AS witnesses,
    (SELECT toUnixTimestamp(max(time)) FROM occupied) AS counted,
    if(witnesses.1 < 2 AND counted > 0, counted, greatest(witnesses.2, counted)) + 3600 AS latest
SELECT
    toDateTime64(min(o.first), 0, 'UTC') AS first, toDateTime64(max(o.last), 0, 'UTC') AS last
FROM (
    SELECT first_at AS first, last_at AS last FROM stays_ends
    UNION ALL
    SELECT min(time), max(time) FROM signals
    WHERE toUnixTimestamp(time) <= latest
    HAVING count() > 0
    UNION ALL
    SELECT min(time), max(time) FROM occupied HAVING count() > 0
) AS o
HAVING count() > 0
