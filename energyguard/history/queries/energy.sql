-- question: Energy step by step, of one device or (device empty) of all. That of a device that has
--   several channels is that of the first of: interval, register, power.
-- columns: time time, kwh number kWh
SELECT
    fromUnixTimestamp64Milli(intDiv(toInt64(toUnixTimestamp(bucket)) * 1000, {step_ms:Int64}) * {step_ms:Int64}, 'UTC') AS time,
    sum(kwh) / 1e9 AS kwh
FROM covering(start_ms = {start_ms:Int64}, end_ms = {end_ms:Int64}, step_ms = {step_ms:Int64}) AS c
WHERE (device = {device:String} OR {device:String} = '')
    AND (device, channel) IN (
        SELECT
            device,
            argMin(channel, multiIf(channel = 'energy_kwh', 0, channel = 'energy_register_kwh', 1, channel = 'power_kw', 2, 3))
        FROM covering(start_ms = {start_ms:Int64}, end_ms = {end_ms:Int64}, step_ms = 86400000) AS k
        GROUP BY device
    )
GROUP BY time
ORDER BY time
