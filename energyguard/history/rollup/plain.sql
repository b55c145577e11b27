-- Minutes of interval energies (summed) and of levels (which have no energy).
INSERT INTO rollup_1m
SELECT
    device, channel, toStartOfMinute(at, 'UTC') AS bucket, argMax(topic, (at, sequence)),
    if(any(kind) = 'interval', sum(value), 0), count(),
    toUnixTimestamp64Milli(min(at)), toUnixTimestamp64Milli(max(at)),
    argMin(value, (at, sequence)), argMax(value, (at, sequence)), min(value), max(value),
    sum(toFloat64(value))
FROM (
    SELECT device, channel, time AS at, sequence, value, topic
    FROM readings FINAL
    WHERE time >= fromUnixTimestamp64Milli({low_ms:Int64}, 'UTC')
        AND time < fromUnixTimestamp64Milli({high_ms:Int64}, 'UTC')
        AND (device, channel) IN (SELECT device, channel FROM spans WHERE kind IN ('interval', 'state'))
) AS r
INNER JOIN spans AS s ON r.device = s.device AND r.channel = s.channel
WHERE toUnixTimestamp64Milli(at) >= s.from_ms AND toUnixTimestamp64Milli(at) < s.to_ms
GROUP BY device, channel, bucket
