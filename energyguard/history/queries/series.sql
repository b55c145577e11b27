-- question: A channel over time, of one device or (device empty) of all: kWh in each step; the mean
--   where the channel has no energy.
-- columns: time time, value number?, readings integer
-- row: SeriesPoint: A step of a series: kWh in it, or the mean of a channel that is a level.
-- rest: series /series: Energy step by step; the mean, of a channel that is a level.
-- parameter device: text = "" | One device; none: all together.
-- parameter channel: text = energy_kwh
-- parameter step: duration = 1m
SELECT
    fromUnixTimestamp64Milli(intDiv(toInt64(toUnixTimestamp(bucket)) * 1000, {step_ms:Int64}) * {step_ms:Int64}, 'UTC') AS time,
    if({channel:String} IN ('energy_kwh', 'energy_register_kwh', 'power_kw'),
        sum(kwh), sum(total) / sum(counted)) / 1e9 AS value,
    sum(counted) AS readings
FROM covering(start_ms = {start_ms:Int64}, end_ms = {end_ms:Int64}, step_ms = {step_ms:Int64}) AS c
WHERE channel = {channel:String} AND (device = {device:String} OR {device:String} = '')
GROUP BY time
ORDER BY time
