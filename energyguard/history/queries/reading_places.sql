-- question: The readings of a device at a time, and where each lies in the log: the topic that it
--   came in, and its place (offset * 2^20 + place in the record). Values are 1e-9 of the unit.
-- columns: channel text, time time, value integer, sequence integer?, topic text, place integer
SELECT
    channel, time, value, nullIf(sequence, -9223372036854775808) AS sequence, topic,
    toInt64(18446744073709551615 - version) AS place
FROM (
    WITH sent AS (
        SELECT channel, time, value, sequence, topic, version FROM sent_readings FINAL
        WHERE device = {device:String}
            AND time = fromUnixTimestamp64Milli({time_ms:Int64}, 'UTC')
    )
    SELECT * FROM sent
    UNION ALL
    SELECT channel, time, value, sequence, topic, version FROM readings FINAL
    WHERE device = {device:String}
        AND time = fromUnixTimestamp64Milli({time_ms:Int64}, 'UTC')
        AND toStartOfHour(time) = toStartOfHour(fromUnixTimestamp64Milli({time_ms:Int64}, 'UTC'))
        AND (channel, sequence) NOT IN (SELECT channel, sequence FROM sent)
)
ORDER BY channel, sequence
