-- question: The newest `limit` readings of a range that no window counted (late, duplicate, conflicting,
--   ahead: `verdict`), newest first; device or verdict empty: of all.
-- columns: device text, channel text, time time, value number, sequence integer?, verdict text
-- column verdict: late, duplicate, conflicting, ahead.
-- row: LateReading: A reading that no window counted, and why.
-- rest: late_readings /late: The newest readings that no window counted, newest first.
-- cli: late: Show readings that no window counted, newest first, and why.
-- empty: all readings of this time were counted
-- parameter device: text = "" | One device; none: all. | Of one device.
-- parameter verdict: text = "" | late, duplicate, conflicting or ahead; none: all. | late,
--   duplicate, conflicting or ahead.
-- range: 1d
-- parameter limit: count 10000 = 1000 / 100 | At most so many rows. | The newest so many.
SELECT
    device, channel, fromUnixTimestamp64Milli(time_ms, 'UTC') AS time, l.value / 1e9 AS value,
    nullIf(l.sequence, -9223372036854775808) AS sequence, verdict
FROM (
    SELECT late.device AS device, late.channel AS channel, time_ms, value, sequence, verdict,
        offset, place, partition
    FROM late FINAL
    WHERE (device = {device:String} OR {device:String} = '')
        AND (verdict = {verdict:String} OR {verdict:String} = '')
        AND time_ms >= {start_ms:Int64} AND time_ms < {end_ms:Int64}
    ORDER BY time_ms DESC, device, channel, partition, offset, place
    LIMIT {limit:UInt32}
) AS l
ORDER BY time_ms DESC, device, channel, partition, offset, place
