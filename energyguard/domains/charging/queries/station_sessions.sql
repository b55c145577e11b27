-- question: How many stays began in each interval, at one station or (station empty) at all; an
--   interval without any has its zero.
-- columns: time time, sessions integer
-- row: SessionStep: Stays that began in an interval.
-- rest: station_sessions /stations/sessions: How many stays began in each interval.
-- cli: stations sessions: Show how many stays began in each interval.
-- clock: chargers
-- empty: nothing of chargers in this time
-- parameter station: text 200 = "" | Only this one's; empty: all. | Only this station's.
-- parameter step: duration = 1h | | How long an interval is.
-- range: 1d
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
