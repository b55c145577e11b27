-- Minutes of levels, which have no energy.
INSERT INTO rollup_1m
SELECT
    device, channel, minute, topic, 0, n,
    toUnixTimestamp64Milli(first_at), toUnixTimestamp64Milli(last_at),
    first, last, lowest, highest, total
FROM (
    SELECT
        device, channel, toStartOfMinute(time) AS minute, any(topic) AS topic,
        count() AS n, min(time) AS first_at, max(time) AS last_at,
        argMin(value, time) AS first, argMax(value, time) AS last,
        min(value) AS lowest, max(value) AS highest, sum(toFloat64(value)) AS total
    FROM readings FINAL
    WHERE readings.topic != 'energyguard.corrections'
        AND time >= fromUnixTimestamp64Milli({low_ms:Int64}, 'UTC')
        AND time < fromUnixTimestamp64Milli({high_ms:Int64}, 'UTC')
        AND toStartOfHour(time) >= toStartOfHour(fromUnixTimestamp64Milli({low_ms:Int64}, 'UTC'))
        AND toStartOfHour(time) < fromUnixTimestamp64Milli({high_ms:Int64}, 'UTC')
        AND (device, channel) IN (SELECT device, channel FROM spans)
    GROUP BY device, channel, minute
) AS r
INNER JOIN spans AS s ON r.device = s.device AND r.channel = s.channel
WHERE toUnixTimestamp(minute) * 1000 >= s.from_ms AND toUnixTimestamp(minute) * 1000 < s.to_ms
