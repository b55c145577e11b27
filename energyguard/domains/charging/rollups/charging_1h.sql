-- Hours of chargers, from deduplicated raw rows: every hour in `charging_touched`, as a whole.
-- An hour of which everything is withdrawn is 0. Time counts once, however many stays say that a
-- car stood there.
INSERT INTO charging_1h (
    charger, bucket, stays, stayed_s, occupied_s, charges, timed, charged_s,
    energy, cents, no_charge, before, after, to_whole, to_thousandth, pieces
)
WITH
    touched AS (SELECT DISTINCT charger, hour FROM charging_touched WHERE charger != ''),
    days AS (SELECT DISTINCT toStartOfDay(hour) AS day FROM touched),
    standing AS (
        SELECT
            charger,
            toDateTime(arrayJoin(range(
                greatest(intDiv(toInt64(toUnixTimestamp(start_parking)), 3600), intDiv({low_s:Int64}, 3600)),
                least(intDiv(toInt64(toUnixTimestamp(end_parking)) + 3599, 3600), intDiv({high_s:Int64}, 3600))
            )) * 3600, 'UTC') AS hour,
            toUInt16(greatest(toInt64(toUnixTimestamp(start_parking)) - toInt64(toUnixTimestamp(hour)), 0)) AS from_s,
            toUInt16(least(toInt64(toUnixTimestamp(end_parking)) - toInt64(toUnixTimestamp(hour)), 3600)) AS to_s
        FROM stays FINAL
        WHERE charger IN (SELECT charger FROM touched)
            AND start_parking < toDateTime({high_s:Int64}, 'UTC') AND end_parking > toDateTime({low_s:Int64}, 'UTC')
    ),
    apart AS (
        SELECT
            charger, hour, to_s,
            greatest(from_s, max(to_s) OVER (
                PARTITION BY charger, hour ORDER BY from_s, to_s
                ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
            )) AS begin_s
        FROM standing
        WHERE (charger, hour) IN (SELECT charger, hour FROM touched)
    )
SELECT
    charger, hour,
    sum(stays), sum(stayed_s), sum(occupied_s), sum(charges), sum(timed), sum(charged_s),
    sum(energy), sum(cents), sum(no_charge), sum(before), sum(after),
    sum(to_whole), sum(to_thousandth), arraySort(groupArrayArray(pieces))
FROM (
    SELECT
        charger, toStartOfHour(start_parking) AS hour,
        1 AS stays, toUInt64(greatest(dateDiff('second', start_parking, end_parking), 0)) AS stayed_s,
        0 AS occupied_s, 0 AS charges, 0 AS timed, 0 AS charged_s,
        toInt64(0) AS energy, toInt64(0) AS cents, 0 AS no_charge, 0 AS before, 0 AS after,
        toInt64(0) AS to_whole, toInt64(0) AS to_thousandth,
        CAST([], 'Array(Tuple(UInt16, UInt16))') AS pieces
    FROM stays FINAL
    WHERE toStartOfDay(start_parking) IN (SELECT day FROM days)
        AND (charger, toStartOfHour(start_parking)) IN (SELECT charger, hour FROM touched)
    UNION ALL
    SELECT
        charger, hour, 0, 0, toUInt64(to_s - begin_s), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        CAST([(begin_s, to_s)], 'Array(Tuple(UInt16, UInt16))')
    FROM apart
    WHERE begin_s < to_s
    UNION ALL
    SELECT
        charger, toStartOfHour(start), 0, 0, 0,
        1, toUInt8(isNotNull(end)), toUInt64(greatest(ifNull(dateDiff('second', start, end), 0), 0)),
        energy, cents, 0, 0, 0, to_whole, to_thousandth, []
    FROM charges FINAL
    WHERE toStartOfDay(start) IN (SELECT day FROM days)
        AND (charger, toStartOfHour(start)) IN (SELECT charger, hour FROM touched)
    UNION ALL
    SELECT
        charger, toStartOfHour(time), 0, 0, 0, 0, 0, 0, 0, 0,
        toUInt8(kind = 'Parking without charging'),
        toUInt8(kind = 'Long parking before recharging'),
        toUInt8(kind = 'Long parking after recharging'),
        0, 0, []
    FROM violations FINAL
    WHERE toStartOfDay(time) IN (SELECT day FROM days)
        AND (charger, toStartOfHour(time)) IN (SELECT charger, hour FROM touched)
    UNION ALL
    SELECT charger, hour, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, []
    FROM touched
)
GROUP BY charger, hour
