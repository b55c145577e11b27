-- Minutes of registers and powers: each reading is linked to the one before and the one after.
-- A register's gain goes to the minute that ends at or after its reading; a value below the one
-- before is another meter, or a counter that began again: nobody knows what it gained, so nothing
-- is counted. A power holds until the next reading, for
-- {gap} ms at most, and is split at the borders of minutes.
INSERT INTO rollup_1m
WITH
    {gap:Int64} AS gap,
    mine AS (SELECT * FROM spans WHERE kind IN ('register', 'power')),
    found AS (
        SELECT device, channel, toUnixTimestamp64Milli(time) AS ms, sequence, value, topic
        FROM readings FINAL
        WHERE time >= fromUnixTimestamp64Milli({low_ms:Int64}, 'UTC')
            AND time < fromUnixTimestamp64Milli({high_ms:Int64}, 'UTC')
            AND toStartOfHour(time) >= toStartOfHour(fromUnixTimestamp64Milli({low_ms:Int64}, 'UTC'))
            AND toStartOfHour(time) < fromUnixTimestamp64Milli({high_ms:Int64}, 'UTC')
            AND (device, channel) IN (SELECT device, channel FROM mine)
    ),
    earlier AS (
        SELECT device, channel, last_ms, last FROM rollup_1h FINAL
        WHERE counted > 0 AND bucket >= toDateTime({day_s:Int64}, 'UTC')
            AND (device, channel) IN (SELECT device, channel FROM mine WHERE kind = 'register')
        UNION ALL
        SELECT device, channel, last_ms, last FROM rollup_1d FINAL
        WHERE counted > 0
            AND (device, channel) IN (SELECT device, channel FROM mine WHERE kind = 'register')
    ),
    rows AS (
        SELECT
            f.device AS device, f.channel AS channel, s.kind AS kind, f.ms AS ms,
            f.sequence AS sequence, f.value AS value, f.topic AS topic, 1 AS own
        FROM found AS f INNER JOIN mine AS s ON f.device = s.device AND f.channel = s.channel
        WHERE f.ms >= s.read_from AND f.ms < s.read_to
        UNION ALL
        SELECT
            e.device, e.channel, any(s.kind), max(e.last_ms), 0, argMax(e.last, e.last_ms), '', 0
        FROM earlier AS e INNER JOIN mine AS s ON e.device = s.device AND e.channel = s.channel
        WHERE e.last_ms < s.read_from
        GROUP BY e.device, e.channel
    ),
    chained AS (
        SELECT
            *,
            lagInFrame(ms) OVER beside AS ms_before,
            lagInFrame(value) OVER beside AS before,
            leadInFrame(ms) OVER beside AS ms_after,
            least(if(ms_after = 0, ms + gap, ms_after), ms + gap) AS until
        FROM rows
        WINDOW beside AS (
            PARTITION BY device, channel ORDER BY ms, sequence
            ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING
        )
    ),
    pieces AS (
        SELECT device, channel, kind, minute, amount, 0 AS own, ms, sequence, value, topic
        FROM chained
        ARRAY JOIN
            if(
                kind = 'power',
                range(intDiv(ms, 60000), intDiv(until - 1, 60000) + 1),
                if(ms_before > 0, [intDiv(ms - 1, 60000)], [])
            ) AS minute,
            if(
                kind = 'power',
                arrayMap(
                    m -> value * (least(until, (m + 1) * 60000) - greatest(ms, m * 60000)),
                    range(intDiv(ms, 60000), intDiv(until - 1, 60000) + 1)
                ),
                if(ms_before > 0, [if(value < before, 0, value - before)], [])
            ) AS amount
        UNION ALL
        SELECT device, channel, kind, intDiv(ms, 60000), 0, own, ms, sequence, value, topic
        FROM chained
        WHERE own = 1
    )
SELECT
    device, channel, toDateTime(minute * 60, 'UTC') AS bucket,
    argMaxIf(topic, (ms, sequence), own = 1),
    if(any(kind) = 'power', intDiv(sum(amount) + if(sum(amount) < 0, -1800000, 1800000), 3600000), sum(amount)),
    countIf(own = 1), minIf(ms, own = 1), maxIf(ms, own = 1),
    argMinIf(value, (ms, sequence), own = 1), argMaxIf(value, (ms, sequence), own = 1),
    minIf(value, own = 1), maxIf(value, own = 1), sumIf(toFloat64(value), own = 1)
FROM pieces AS p
INNER JOIN mine AS s ON p.device = s.device AND p.channel = s.channel
WHERE minute * 60000 >= s.from_ms AND minute * 60000 < s.to_ms
GROUP BY device, channel, minute
