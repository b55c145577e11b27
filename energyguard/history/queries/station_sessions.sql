-- How many stays began in each interval, at one station or (station empty) at all; an interval
-- without any has its zero.
SELECT fromUnixTimestamp64Milli(number * {step_ms:Int64}, 'UTC') AS time, sum(stays) AS sessions
FROM (
    SELECT intDiv(toInt64(toUnixTimestamp(a.bucket)) * 1000, {step_ms:Int64}) AS number, a.stays AS stays
    FROM stays_by_step(start_ms = {start_ms:Int64}, end_ms = {end_ms:Int64}, step_ms = {step_ms:Int64}, station = {station:String}) AS a
    UNION ALL
    SELECT intDiv({start_ms:Int64}, {step_ms:Int64}) + toInt64(number), toUInt64(0)
    FROM numbers(toUInt64(if({end_ms:Int64} > {start_ms:Int64},
        intDiv({end_ms:Int64} - 1, {step_ms:Int64}) - intDiv({start_ms:Int64}, {step_ms:Int64}) + 1, 0)))
)
GROUP BY number
ORDER BY number
