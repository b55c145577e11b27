-- question: Readings of a topic in a range, as they count now, where they lie in the log, in log order
--   (place: offset * 2^20 + place in the record); for who learns what the log no longer has. Values
--   are 1e-9 of the unit.
-- columns: device text, channel text, time time, value integer, sequence integer, place integer
SELECT
    device, channel, time, value, sequence,
    toInt64(18446744073709551615 - if(version = 18446744073709551615, sent, version)) AS place
FROM (
    SELECT * FROM readings FINAL
    WHERE topic = {topic:String}
        AND time >= fromUnixTimestamp64Milli({start_ms:Int64}, 'UTC')
        AND time < fromUnixTimestamp64Milli({end_ms:Int64}, 'UTC')
        AND toStartOfHour(time) >= toStartOfHour(fromUnixTimestamp64Milli({start_ms:Int64}, 'UTC'))
        AND toStartOfHour(time) < fromUnixTimestamp64Milli({end_ms:Int64}, 'UTC')
        AND has(splitByChar(',', {channels:String}), channel)
) AS r
LEFT JOIN (
    SELECT device, channel, time, sequence, max(version) AS sent FROM sent_readings
    WHERE topic = {topic:String}
        AND time >= fromUnixTimestamp64Milli({start_ms:Int64}, 'UTC')
        AND time < fromUnixTimestamp64Milli({end_ms:Int64}, 'UTC')
    GROUP BY device, channel, time, sequence
) AS s USING (device, channel, time, sequence)
ORDER BY place
