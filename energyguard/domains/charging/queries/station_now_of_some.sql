-- question: How many cars stand at some chargers, by the newest word of each; no row, where none is
--   known. The time is that of the newest of these words.
-- columns: time time, occupied integer, chargers integer
SELECT
    toDateTime64(max(s.since), 0, 'UTC') AS time,
    countIf(s.start_parking IS NOT NULL) AS occupied,
    (SELECT count() FROM chargers FINAL) AS chargers
FROM (SELECT since, start_parking FROM standing FINAL) AS s
HAVING count() > 0
