-- Sums over everything in a range.
SELECT
    sum(c.kwh) / 1e9 AS kwh, sum(counted) AS readings,
    uniqExactIf(device, counted > 0) AS devices,
    (
        SELECT uniqExact(id)
        FROM alerts
        WHERE state = 'firing' AND time_ms >= {start_ms:Int64} AND time_ms < {end_ms:Int64}
    ) AS alerts
FROM covering(start_ms = {start_ms:Int64}, end_ms = {end_ms:Int64}, step_ms = 86400000) AS c
