-- question: How many cars stood at all chargers together, step by step: mean, least and most of its
--   seconds. Of several topics the least and the most are the sums of each one's: none was beyond
--   them.
-- columns: time time, occupied number, least integer, most integer
-- column occupied: The mean of its seconds.
-- row: OccupiedStep: How many cars stood at all chargers together in a step.
-- rest: station_occupied /stations/occupied: How many cars stood at all chargers together, step by
--   step.
-- clock: chargers
-- instead of some: station_occupied_of_some
-- empty: nothing of chargers in this time
-- parameter step: duration = 1m
SELECT time, sum(o.mean) AS occupied, sum(o.fewest) AS least, sum(o.greatest) AS most
FROM (
    SELECT
        fromUnixTimestamp64Milli(intDiv(toInt64(toUnixTimestamp(bucket)) * 1000, {step_ms:Int64}) * {step_ms:Int64}, 'UTC') AS time,
        source, sum(total) / sum(seconds) AS mean, min(c.least) AS fewest, max(c.most) AS greatest
    FROM curve_in(start_ms = {start_ms:Int64}, end_ms = {end_ms:Int64}, step_ms = {step_ms:Int64}) AS c
    GROUP BY time, source
) AS o
GROUP BY time
ORDER BY time
