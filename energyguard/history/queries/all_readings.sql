-- question: Every reading in a range, of one device or (device empty) of all; for the export.
-- columns: device text, channel text, time time, value number, sequence integer?, topic text
SELECT
    device, channel, time, value / 1e9 AS value,
    nullIf(sequence, -9223372036854775808) AS sequence, topic
FROM readings FINAL
WHERE topic != 'energyguard.corrections'
    AND time >= fromUnixTimestamp64Milli({start_ms:Int64}, 'UTC')
    AND time < fromUnixTimestamp64Milli({end_ms:Int64}, 'UTC')
    AND toStartOfHour(time) >= toStartOfHour(fromUnixTimestamp64Milli({start_ms:Int64}, 'UTC'))
    AND toStartOfHour(time) < fromUnixTimestamp64Milli({end_ms:Int64}, 'UTC')
    AND (device = {device:String} OR {device:String} = '')
ORDER BY time, device, channel, sequence
