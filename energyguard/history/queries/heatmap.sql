-- question: Energy and alerts by hour of the day in a zone, for the n devices with the most of
--   either; step_ms is an hour, or the quarter of it where the zone's hours do not begin with
--   UTC's. The energy of a device that has several channels is that of the first of: interval,
--   register, power. As every sum of everything it leaves out simulations that live in a time of
--   their own (`without`: their ids as a JSON array; empty: none).
-- columns: device text, hour integer h, kwh number kWh, alerts integer
-- row: HeatCell: A device at an hour of the day.
-- rest: heatmap /heatmap: Hour of the day (UTC, or a zone's) by device, of the first ``n`` devices.
-- parameter zone: zone = UTC | Whose hours: IANA, such as Europe/Berlin.
-- constant step_ms: an hour of the zone
-- parameter by: choice kwh alerts = kwh | What to rank by.
-- parameter n: count 1000 = 20 | How many devices.
-- filled without: energyguard.service.consumption.apart:left_out
WITH
    cells AS (
        SELECT device, hour, argMin(used, choice) AS nano, toUInt64(0) AS raised
        FROM (
            SELECT
                device, toHour(bucket, {zone:String}) AS hour, sum(c.kwh) AS used,
                multiIf(channel = 'energy_kwh', 0, channel = 'energy_register_kwh', 1, channel = 'power_kw', 2, 3)
                AS choice
            FROM covering(start_ms = {start_ms:Int64}, end_ms = {end_ms:Int64}, step_ms = {step_ms:Int64}) AS c
            GROUP BY device, channel, hour
        )
        GROUP BY device, hour
        UNION ALL
        SELECT
            device, toHour(fromUnixTimestamp64Milli(time_ms, {zone:String})) AS hour,
            toInt64(0) AS nano, uniqExact(id) AS raised
        FROM alerts
        WHERE state = 'firing' AND time_ms >= {start_ms:Int64} AND time_ms < {end_ms:Int64}
        GROUP BY device, hour
    ),
    sums AS (
        SELECT device, hour, sum(nano) / 1e9 AS kwh, sum(raised) AS alerts
        FROM cells
        WHERE device NOT IN (SELECT arrayJoin(JSONExtract({without:String}, 'Array(String)')))
        GROUP BY device, hour
    )
SELECT device, cell.1 AS hour, cell.2 AS kwh, cell.3 AS alerts
FROM (
    SELECT
        device, groupArray((hour, kwh, alerts)) AS day,
        sum(if({by:String} = 'alerts', toFloat64(alerts), kwh)) AS most
    FROM sums
    GROUP BY device
    ORDER BY most DESC, device
    LIMIT {n:UInt32}
)
ARRAY JOIN day AS cell
ORDER BY most DESC, device, hour
