-- Energy and alerts by hour of the day (UTC), for the n devices with the most of either.
WITH
    cells AS (
        SELECT device, toHour(bucket, 'UTC') AS hour, sum(c.kwh) AS nano, toUInt64(0) AS raised
        FROM covering(start_ms = {start_ms:Int64}, end_ms = {end_ms:Int64}, step_ms = 3600000) AS c
        GROUP BY device, hour
        UNION ALL
        SELECT
            device, toHour(fromUnixTimestamp64Milli(time_ms, 'UTC')) AS hour,
            toInt64(0) AS nano, uniqExact(id) AS raised
        FROM alerts
        WHERE state = 'firing' AND time_ms >= {start_ms:Int64} AND time_ms < {end_ms:Int64}
        GROUP BY device, hour
    ),
    sums AS (
        SELECT
            device, hour, sum(nano) / 1e9 AS kwh, sum(raised) AS alerts,
            sum(if({by:String} = 'alerts', toFloat64(alerts), kwh)) OVER (PARTITION BY device) AS most
        FROM cells
        GROUP BY device, hour
    )
SELECT device, hour, kwh, alerts
FROM (SELECT *, dense_rank() OVER (ORDER BY most DESC, device) AS place FROM sums)
WHERE place <= {n:UInt32}
ORDER BY place, hour
