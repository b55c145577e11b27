-- The energy of a device in every sliding window that lies in a range. Interval energies are exact
-- for any slide; registers and powers are counted by the minute.
WITH
    intDiv({start_ms:Int64} + {slide_ms:Int64} - 1, {slide_ms:Int64}) AS first_pane,
    intDiv({end_ms:Int64}, {slide_ms:Int64}) AS end_pane,
    amounts AS (
        SELECT intDiv(toUnixTimestamp64Milli(time), {slide_ms:Int64}) AS pane, value AS amount
        FROM readings FINAL
        WHERE device = {device:String} AND channel = 'energy_kwh'
            AND time >= fromUnixTimestamp64Milli({start_ms:Int64}, 'UTC')
            AND time < fromUnixTimestamp64Milli({end_ms:Int64}, 'UTC')
            AND toStartOfHour(time) >= toStartOfHour(fromUnixTimestamp64Milli({start_ms:Int64}, 'UTC'))
            AND toStartOfHour(time) < fromUnixTimestamp64Milli({end_ms:Int64}, 'UTC')
        UNION ALL
        SELECT intDiv(toInt64(toUnixTimestamp(bucket)) * 1000, {slide_ms:Int64}) AS pane, kwh AS amount
        FROM rollup_1m FINAL
        WHERE device = {device:String} AND channel IN ('energy_register_kwh', 'power_kw')
            AND bucket >= toDateTime(intDiv({start_ms:Int64}, 1000), 'UTC')
            AND bucket < toDateTime(intDiv({end_ms:Int64}, 1000), 'UTC')
            AND toStartOfHour(bucket) >= toStartOfHour(toDateTime(intDiv({start_ms:Int64}, 1000), 'UTC'))
            AND toStartOfHour(bucket) < toDateTime(intDiv({end_ms:Int64}, 1000), 'UTC')
        UNION ALL
        SELECT first_pane + number AS pane, 0 AS amount
        FROM numbers(toUInt64(greatest(end_pane - first_pane, 0)))
    ),
    ends AS (
        SELECT
            pane,
            sum(sum(amount)) OVER (ORDER BY pane) AS through
        FROM amounts
        GROUP BY pane
    )
SELECT
    fromUnixTimestamp64Milli((pane + 1) * {slide_ms:Int64} - {window_ms:Int64}, 'UTC') AS window_start,
    fromUnixTimestamp64Milli((pane + 1) * {slide_ms:Int64}, 'UTC') AS window_end,
    (through - before) / 1e9 AS kwh
FROM (
    SELECT
        pane, through,
        lagInFrame(through, toUInt64(intDiv({window_ms:Int64}, {slide_ms:Int64})), 0)
            OVER (ORDER BY pane ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS before
    FROM ends
)
WHERE pane >= first_pane - 1 + intDiv({window_ms:Int64}, {slide_ms:Int64}) AND pane < end_pane
ORDER BY window_end
