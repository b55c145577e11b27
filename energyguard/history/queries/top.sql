-- question: The n devices with the most energy, or the most alerts, in a range. The energy of a
--   device that has several channels is that of the first of: interval, register, power. As every
--   sum of everything it leaves out simulations that live in a time of their own (`without`: their
--   ids as a JSON array; empty: none).
-- columns: device text, kwh number kWh, alerts integer
-- row: TopRow: A device and how it ranks.
-- rest: top /top: The devices with the most energy or the most alerts.
-- cli: top: Show the devices with the most energy or the most alerts.
-- empty: no readings in this time
-- parameter by: choice kwh alerts = kwh | What to rank by. | What to rank by.
-- parameter n: count 1000 = 10 | How many devices. | How many.
-- filled without: energyguard.service.consumption.apart:left_out
-- range: 1d
SELECT device, sum(nano) / 1e9 AS kwh, sum(raised) AS alerts
FROM (
    SELECT device, argMin(used, choice) AS nano, toUInt64(0) AS raised
    FROM (
        SELECT
            device, sum(c.kwh) AS used,
            multiIf(channel = 'energy_kwh', 0, channel = 'energy_register_kwh', 1, channel = 'power_kw', 2, 3)
                AS choice
        FROM covering(start_ms = {start_ms:Int64}, end_ms = {end_ms:Int64}, step_ms = 86400000) AS c
        GROUP BY device, channel
    )
    GROUP BY device
    UNION ALL
    SELECT device, toInt64(0) AS nano, uniqExact(id) AS raised
    FROM alerts
    WHERE state = 'firing' AND time_ms >= {start_ms:Int64} AND time_ms < {end_ms:Int64}
    GROUP BY device
)
WHERE device NOT IN (SELECT arrayJoin(JSONExtract({without:String}, 'Array(String)')))
GROUP BY device
ORDER BY if({by:String} = 'alerts', toFloat64(alerts), kwh) DESC, kwh DESC, device
LIMIT {n:UInt32}
