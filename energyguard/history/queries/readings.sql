-- The newest `limit` readings of a channel of a device in a range, oldest first.
SELECT device, channel, time, value, sequence, topic
FROM (
    SELECT
        device, channel, time, value / 1e9 AS value,
        nullIf(sequence, -9223372036854775808) AS sequence, topic
    FROM readings FINAL
    WHERE device = {device:String} AND channel = {channel:String}
        AND time >= fromUnixTimestamp64Milli({start_ms:Int64}, 'UTC')
        AND time < fromUnixTimestamp64Milli({end_ms:Int64}, 'UTC')
        AND toStartOfHour(time) >= toStartOfHour(fromUnixTimestamp64Milli({start_ms:Int64}, 'UTC'))
        AND toStartOfHour(time) < fromUnixTimestamp64Milli({end_ms:Int64}, 'UTC')
    ORDER BY time DESC, sequence DESC
    LIMIT {limit:UInt32}
)
ORDER BY time, sequence
