-- A coarser roll-up from a finer one: every bucket that holds a replaced minute, as a whole.
INSERT INTO {coarse:Identifier}
WITH
    {seconds:Int64} AS seconds,
    toDateTime(intDiv({low_ms:Int64}, seconds * 1000) * seconds, 'UTC') AS low,
    toDateTime(intDiv({high_ms:Int64}, seconds * 1000) * seconds + seconds, 'UTC') AS high
SELECT
    device, channel, toDateTime(start_s, 'UTC'), argMaxIf(topic, last_ms, counted > 0),
    sum(kwh), sum(counted), minIf(first_ms, counted > 0), max(last_ms),
    argMinIf(first, first_ms, counted > 0), argMaxIf(last, last_ms, counted > 0),
    minIf(lowest, counted > 0), maxIf(highest, counted > 0), sum(total)
FROM (
    SELECT *, intDiv(toInt64(toUnixTimestamp(bucket)), seconds) * seconds AS start_s
    FROM {fine:Identifier} FINAL
    WHERE bucket >= low AND bucket < high
        AND toStartOfHour(bucket) >= toStartOfHour(low) AND toStartOfHour(bucket) < high
        AND toStartOfDay(bucket) >= toStartOfDay(low) AND toStartOfDay(bucket) < high
        AND (device, channel) IN (SELECT device, channel FROM spans)
) AS c
INNER JOIN spans AS s ON c.device = s.device AND c.channel = s.channel
WHERE (start_s + seconds) * 1000 > s.from_ms AND start_s * 1000 < s.to_ms
GROUP BY device, channel, start_s
