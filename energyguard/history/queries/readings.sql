-- question: The newest `limit` readings in a range, oldest first; device or channel empty: of all.
-- columns: device text, channel text, time time, value number, sequence integer?, topic text
-- row: ReadingRow: A reading of the history.
-- rest: past_readings /readings: Readings of a time range from the history, newest first.
-- tag: readings
-- answer: newest first
-- cli: readings: Show a device's readings, oldest first.
-- empty: no readings of {device} in this time
-- parameter device: text = "" / ! | One device; none: all. | A device, such as H001.
-- parameter channel: text = "" | One channel; none: all. | What it measures.
-- range: 1h
-- parameter limit: count 10000 = 1000 / 100 | At most so many rows. | The newest so many.
SELECT device, channel, time, value, sequence, topic
FROM (
    SELECT
        device, channel, time, value / 1e9 AS value,
        nullIf(sequence, -9223372036854775808) AS sequence, topic
    FROM readings FINAL
    WHERE (device = {device:String} OR {device:String} = '')
        AND (channel = {channel:String} OR {channel:String} = '')
        AND topic != 'energyguard.corrections'
        AND time >= fromUnixTimestamp64Milli({start_ms:Int64}, 'UTC')
        AND time < fromUnixTimestamp64Milli({end_ms:Int64}, 'UTC')
        AND toStartOfHour(time) >= toStartOfHour(fromUnixTimestamp64Milli({start_ms:Int64}, 'UTC'))
        AND toStartOfHour(time) < fromUnixTimestamp64Milli({end_ms:Int64}, 'UTC')
    ORDER BY time DESC, sequence DESC
    LIMIT {limit:UInt32}
)
ORDER BY time, sequence
