-- question: How many readings, of how many devices, each minute.
-- columns: minute time, readings integer, devices integer
SELECT
    toDateTime64(bucket, 3, 'UTC') AS minute, sum(counted) AS readings,
    uniqExactIf(device, counted > 0) AS devices
FROM rollup_1m FINAL
WHERE bucket >= toDateTime(intDiv({start_ms:Int64}, 1000), 'UTC')
    AND bucket < toDateTime(intDiv({end_ms:Int64} + 999, 1000), 'UTC')
    AND toStartOfHour(bucket) >= toStartOfHour(toDateTime(intDiv({start_ms:Int64}, 1000), 'UTC'))
    AND toStartOfHour(bucket) < toDateTime(intDiv({end_ms:Int64} + 999, 1000), 'UTC')
GROUP BY bucket
HAVING readings > 0
ORDER BY minute
