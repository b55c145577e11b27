-- question: How many readings each day (UTC) has, of one device or (device empty) of all.
-- columns: day time, readings integer
SELECT toDateTime64(bucket, 3, 'UTC') AS day, sum(counted) AS readings
FROM rollup_1d FINAL
WHERE bucket >= toDateTime(intDiv({start_ms:Int64}, 86400000) * 86400, 'UTC')
    AND bucket < toDateTime(intDiv({end_ms:Int64} + 86399999, 86400000) * 86400, 'UTC')
    AND (device = {device:String} OR {device:String} = '')
GROUP BY bucket
HAVING readings > 0
ORDER BY day
