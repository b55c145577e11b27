-- question: Sums over everything in a range. The energy of a device that has several channels is
--   that of the first of: interval, register, power.
-- columns: kwh number kWh, readings integer, devices integer, alerts integer
SELECT
    sum(nano) / 1e9 AS kwh, sum(readings_of) AS readings, countIf(readings_of > 0) AS devices,
    (
        SELECT uniqExact(id)
        FROM alerts
        WHERE state = 'firing' AND time_ms >= {start_ms:Int64} AND time_ms < {end_ms:Int64}
    ) AS alerts
FROM (
    SELECT device, argMin(used, choice) AS nano, sum(counts) AS readings_of
    FROM (
        SELECT
            device, sum(c.kwh) AS used, sum(counted) AS counts,
            multiIf(channel = 'energy_kwh', 0, channel = 'energy_register_kwh', 1, channel = 'power_kw', 2, 3)
                AS choice
        FROM covering(start_ms = {start_ms:Int64}, end_ms = {end_ms:Int64}, step_ms = 86400000) AS c
        GROUP BY device, channel
    )
    GROUP BY device
)
