-- question: Hours of which a device has no reading, in stretches, by device: from when to when (UTC),
--   and how many hours. A device is judged by its own rhythm: what sends each six hours lacks
--   nothing between. Before its first reading nothing is missing.
-- columns: device text, start time, end time, hours integer
-- row: MissingHours: Hours of which a device has no reading, one after the other.
-- rest: missing /missing: Hours without readings, by device.
-- cli: missing: Show which hours of which devices have no readings.
-- empty: no hour is missing
-- range: 7d
-- parameter device: text = "" | One device; none: all. | Of one device.
WITH
    intDiv({start_ms:Int64}, 3600000) AS first_hour,
    intDiv({end_ms:Int64}, 3600000) AS end_hour,
    hours AS (
        SELECT device, intDiv(toInt64(toUnixTimestamp(bucket)), 3600) AS hour
        FROM covering(start_ms = {start_ms:Int64}, end_ms = {end_ms:Int64}, step_ms = 3600000) AS c
        WHERE counted > 0 AND (device = {device:String} OR {device:String} = '')
        GROUP BY device, hour
    ),
    known AS (
        SELECT device, intDiv(minIf(first_ms, counted > 0), 3600000) AS began
        FROM rollup_1d FINAL
        WHERE device = {device:String} OR {device:String} = ''
        GROUP BY device
        HAVING sum(counted) > 0
    ),
    steps AS (
        SELECT
            device, hour,
            lagInFrame(hour, 1, hour) OVER (PARTITION BY device ORDER BY hour ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS before
        FROM (
            SELECT device, hour FROM hours
            UNION ALL SELECT device, first_hour - 1 AS hour FROM known WHERE began < first_hour
            UNION ALL SELECT device, end_hour AS hour FROM known WHERE began < end_hour
        )
    ),
    rhythms AS (
        SELECT device, greatest(1, quantileExactIf(0.5)(hour - before, hour > before AND before >= first_hour AND hour < end_hour)) AS rhythm
        FROM steps
        GROUP BY device
    )
SELECT
    device,
    fromUnixTimestamp64Milli((before + 1) * 3600000, 'UTC') AS start,
    fromUnixTimestamp64Milli(hour * 3600000, 'UTC') AS end,
    hour - before - 1 AS hours
FROM steps INNER JOIN rhythms USING (device)
WHERE hour - before > rhythm
ORDER BY device, start
