-- question: How many cars stood at some chargers together, step by step, from their stays and from
--   who stands there now: mean, least and most of its seconds, from the first to the newest that is
--   known of these chargers.
-- columns: time time, occupied number, least integer, most integer
WITH
    ends AS (SELECT * FROM stays_ends),
    ifNull((
        SELECT toInt64(min(at)) FROM (
            SELECT toUnixTimestamp(min(start_parking)) AS at FROM standing
            UNION ALL SELECT toUnixTimestamp(first_at) AS at FROM ends
        )
    ), 0) AS first,
    greatest(intDiv({start_ms:Int64} + 999, 1000), first) AS low,
    ifNull((
        SELECT toInt64(max(at)) FROM (
            SELECT toUnixTimestamp(max(since)) AS at FROM standing
            UNION ALL SELECT toUnixTimestamp(last_at) AS at FROM ends
        )
    ), 0) AS newest,
    least(intDiv({end_ms:Int64} + 999, 1000), newest + 1) AS high,
    intDiv({step_ms:Int64} + 999, 1000) AS step,
    stood AS (
        SELECT toInt64(toUnixTimestamp(start_parking)) AS begin, toInt64(toUnixTimestamp(end_parking)) AS until
        FROM stays FINAL
        WHERE toUnixTimestamp(start_parking) < high AND toUnixTimestamp(end_parking) > low
        UNION ALL
        SELECT toInt64(toUnixTimestamp(start_parking)) AS begin, toInt64(high) AS until
        FROM standing FINAL
        WHERE start_parking IS NOT NULL AND toUnixTimestamp(start_parking) < high
    ),
    changes AS (
        SELECT at, sum(n) AS more
        FROM (
            SELECT greatest(begin, toInt64(low)) AS at, 1 AS n FROM stood
            UNION ALL SELECT until AS at, -1 AS n FROM stood WHERE until < high
            UNION ALL
            SELECT greatest(toInt64(low), (intDiv(low, step) + toInt64(number)) * step) AS at, 0 AS n
            FROM numbers(toUInt64(if(high > low, intDiv(high - 1, step) - intDiv(low, step) + 1, 0)))
        )
        GROUP BY at
    ),
    pieces AS (
        SELECT
            at,
            sum(more) OVER (ORDER BY at ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS cars,
            leadInFrame(at, 1, toInt64(high)) OVER (ORDER BY at ROWS BETWEEN CURRENT ROW AND 1 FOLLOWING) - at AS seconds
        FROM changes
    )
SELECT
    fromUnixTimestamp64Milli(intDiv(at, step) * step * 1000, 'UTC') AS time,
    sum(cars * seconds) / sum(seconds) AS occupied,
    toInt64(min(cars)) AS least, toInt64(max(cars)) AS most
FROM pieces
WHERE seconds > 0
GROUP BY time
ORDER BY time
