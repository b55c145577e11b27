-- question: Of which devices' channels an import of a file brought readings, from when to when
--   (until_ms: the first ms after them); some that others brought may lie between.
-- columns: device text, channel text, topic text, from_ms integer ms, until_ms integer ms, readings integer
WITH records AS (
    SELECT
        toString(topic) AS topic, min(first_ms) AS first_ms, max(last_ms) AS last_ms,
        toUInt64(18446744073709551615 - min(offset) * 1048576) AS high,
        toUInt64(18446744073709551615 - max(offset) * 1048576 - 1048575) AS low
    FROM import_records FINAL
    WHERE import_id = {import_id:String}
    GROUP BY topic
)
SELECT
    toString(device) AS device, toString(channel) AS channel, topic,
    min(ms) AS from_ms, max(ms) + 1 AS until_ms, toInt64(count()) AS readings
FROM (
    SELECT device, channel, toUnixTimestamp64Milli(time) AS ms, toString(topic) AS topic, version
    FROM readings
    WHERE time >= fromUnixTimestamp64Milli((SELECT min(first_ms) FROM records), 'UTC')
        AND time <= fromUnixTimestamp64Milli((SELECT max(last_ms) FROM records), 'UTC')
    UNION ALL
    SELECT device, channel, toUnixTimestamp64Milli(time) AS ms, toString(topic) AS topic, version
    FROM sent_readings
    WHERE time >= fromUnixTimestamp64Milli((SELECT min(first_ms) FROM records), 'UTC')
        AND time <= fromUnixTimestamp64Milli((SELECT max(last_ms) FROM records), 'UTC')
) AS r
INNER JOIN records USING (topic)
WHERE version >= low AND version <= high
GROUP BY device, channel, topic
ORDER BY device, channel, topic
