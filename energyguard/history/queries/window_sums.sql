-- question: The energy of a device in every sliding window that lies in a range, exact for any
--   window and slide. Of a device that has several channels it is that of the first of: interval,
--   register, power. An interval energy counts at its time, a register's gain just before the
--   reading that shows it, a power until the next reading, for 15 minutes at most.
-- columns: window_start time, window_end time, kwh number kWh
-- row: WindowSum: The energy of one window of a device.
-- rest: windows /windows: The energy of each window of a device.
-- cli: windows: Show the energy of a device in sliding windows.
-- empty: no whole window of {device} in this time
-- parameter device: text = ! | | A device, such as H001.
-- parameter window: duration = 15m | | The window's length.
-- parameter slide: duration = 15m / 1m | | From one window to the next.
-- range: 1h
--
-- Readings and borders of windows are put in one order of time. Energy up to a border is what was
-- counted before it, and what the power in force has come to by then. A power times its
-- milliseconds has more digits than an Int64: whole 1e-9 kWh (`amount`) and parts of 3,600,000 of
-- one (`part`) are summed apart.
WITH
    intDiv({start_ms:Int64} - 900000, 3600000) * 3600000 AS from_ms,
    found AS (
        SELECT channel, toUnixTimestamp64Milli(time) AS ms, sequence, value
        FROM readings FINAL
        WHERE device = {device:String}
            AND channel IN ('energy_kwh', 'energy_register_kwh', 'power_kw')
            AND time >= fromUnixTimestamp64Milli(from_ms, 'UTC')
            AND time <= fromUnixTimestamp64Milli({end_ms:Int64}, 'UTC')
            AND toStartOfHour(time) >= toStartOfHour(fromUnixTimestamp64Milli(from_ms, 'UTC'))
            AND toStartOfHour(time) <= fromUnixTimestamp64Milli({end_ms:Int64}, 'UTC')
        UNION ALL
        SELECT 'energy_register_kwh', max(last_ms), 0, argMax(last, last_ms)
        FROM (
            SELECT last_ms, last FROM rollup_1h FINAL
            WHERE device = {device:String} AND channel = 'energy_register_kwh' AND counted > 0
                AND toStartOfDay(bucket) = toStartOfDay(fromUnixTimestamp64Milli(from_ms, 'UTC'))
                AND toUnixTimestamp(bucket) * 1000 < from_ms
            UNION ALL
            SELECT last_ms, last FROM rollup_1d FINAL
            WHERE device = {device:String} AND channel = 'energy_register_kwh' AND counted > 0
                AND last_ms < from_ms
        )
        HAVING count() > 0
    ),
    chained AS (
        SELECT
            channel, ms, value,
            min(if(ms < from_ms, 9, preference)) OVER () AS preferred,
            multiIf(channel = 'energy_kwh', 0, channel = 'energy_register_kwh', 1, 2) AS preference,
            lagInFrame(toNullable(value)) OVER beside AS before,
            lagInFrame(toNullable(ms)) OVER beside AS ms_before,
            if(channel = 'power_kw', least(ms - ifNull(ms_before, ms), 900000), 0) AS held
        FROM found
        WINDOW beside AS (
            PARTITION BY channel ORDER BY ms, sequence ROWS BETWEEN 1 PRECEDING AND CURRENT ROW
        )
    ),
    borders AS (
        SELECT {slide_ms:Int64} * number AS border
        FROM numbers(
            toUInt64(intDiv({start_ms:Int64} + {window_ms:Int64} + {slide_ms:Int64} - 1, {slide_ms:Int64})),
            toUInt64(greatest(0, 1
                + intDiv({end_ms:Int64}, {slide_ms:Int64})
                - intDiv({start_ms:Int64} + {window_ms:Int64} + {slide_ms:Int64} - 1, {slide_ms:Int64})
            ))
        )
    ),
    line AS (
        SELECT
            if(channel = 'energy_register_kwh', ms - 1, ms) AS at,
            1 AS place,
            multiIf(
                channel = 'energy_kwh', value,
                channel = 'energy_register_kwh', greatest(value - ifNull(before, value), 0),
                intDiv(ifNull(before, 0), 3600000) * held
            ) AS amount,
            ifNull(before, 0) % 3600000 * held AS part,
            if(channel = 'power_kw', value, 0) AS power,
            0 AS side,
            0 AS border
        FROM chained
        WHERE preference = preferred
        UNION ALL
        SELECT border, 0, 0, 0, 0, 1, border FROM borders
        UNION ALL
        SELECT border - {window_ms:Int64}, 0, 0, 0, 0, -1, border FROM borders
    ),
    counted AS (
        SELECT
            border, side,
            sum(amount) OVER up_to AS amounts,
            sum(part) OVER up_to AS parts,
            anyLast(if(place = 1, power, NULL)) OVER up_to AS in_force,
            least(at - anyLast(if(place = 1, at, NULL)) OVER up_to, 900000) AS since
        FROM line
        WINDOW up_to AS (ORDER BY at, place ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
    )
SELECT
    fromUnixTimestamp64Milli(border - {window_ms:Int64}, 'UTC') AS window_start,
    fromUnixTimestamp64Milli(border, 'UTC') AS window_end,
    (
        sum(side * (amounts + ifNull(intDiv(in_force, 3600000) * since, 0)))
        + sum(side * (parts + ifNull(in_force % 3600000 * since, 0))) / 3600000
    ) / 1e9 AS kwh
FROM counted
WHERE side != 0
GROUP BY border
ORDER BY border
