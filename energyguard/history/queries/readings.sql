-- The newest `limit` readings in a range, oldest first; device or channel empty: of all.
SELECT device, channel, time, value, sequence, topic
FROM (
    SELECT
        device, channel, time, value / 1e9 AS value,
        nullIf(sequence, -9223372036854775808) AS sequence, topic
    FROM readings FINAL
    WHERE (device = {device:String} OR {device:String} = '')
        AND (channel = {channel:String} OR {channel:String} = '')
        AND time >= fromUnixTimestamp64Milli({start_ms:Int64}, 'UTC')
        AND time < fromUnixTimestamp64Milli({end_ms:Int64}, 'UTC')
        AND toStartOfHour(time) >= toStartOfHour(fromUnixTimestamp64Milli({start_ms:Int64}, 'UTC'))
        AND toStartOfHour(time) < fromUnixTimestamp64Milli({end_ms:Int64}, 'UTC')
    ORDER BY time DESC, sequence DESC
    LIMIT {limit:UInt32}
)
ORDER BY time, sequence
