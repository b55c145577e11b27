-- question: The newest time of the readings of a device (empty: of all) and channel (empty: any),
--   for ranges that count back from it; no row where there is none. What the worker judged to be
--   ahead is passed over, and what topics with the clock `wall` (comma-separated) have beyond
--   `now_ms`.
-- columns: newest_ms integer ms
WITH
    doubtful AS (SELECT DISTINCT device, channel, time_ms FROM late WHERE verdict = 'ahead'),
    days AS (
        SELECT
            device, channel, last_ms, toDate(bucket) AS day,
            (has(splitByChar(',', {wall:String}), topic) AND last_ms > {now_ms:Int64})
                OR (device, channel, last_ms) IN doubtful AS ahead
        FROM rollup_1d FINAL
        WHERE counted > 0
            AND (device = {device:String} OR {device:String} = '')
            AND (channel = {channel:String} OR {channel:String} = '')
    )
SELECT max(ms) AS newest_ms
FROM (
    SELECT last_ms AS ms FROM days WHERE NOT ahead
    UNION ALL
    SELECT toUnixTimestamp64Milli(time) AS ms
    FROM readings FINAL
    WHERE topic != 'energyguard.corrections'
        AND (device, channel, toDate(time)) IN (SELECT device, channel, day FROM days WHERE ahead)
        AND NOT (has(splitByChar(',', {wall:String}), topic) AND ms > {now_ms:Int64})
        AND (device, channel, ms) NOT IN doubtful
)
HAVING count() > 0
