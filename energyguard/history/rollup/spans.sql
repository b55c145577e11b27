-- Which rows to read and which minutes to replace, per device and channel, all [from, to) in ms.
-- An interval energy or a level concerns its own minute. A power holds for {gap} ms at most, so a
-- new one may change that much before and after. A register concerns the reading after it, however
-- far that is, and one on the border of a minute belongs to the minute before.
INSERT INTO spans
WITH
    {gap:Int64} AS gap,
    after AS (
        SELECT device, channel, min(first_ms) AS at_ms
        FROM (
            SELECT c.device AS device, c.channel AS channel, c.first_ms AS first_ms
            FROM rollup_1h AS c FINAL
            INNER JOIN touched AS t ON c.device = t.device AND c.channel = t.channel
            WHERE t.kind = 'register' AND c.counted > 0
                AND c.bucket >= toDateTime({low_s:Int64}, 'UTC')
                AND toUnixTimestamp(c.bucket) * 1000 > t.hi_ms
                AND intDiv(toUnixTimestamp(c.bucket), 86400) = intDiv(t.hi_ms, 86400000)
            UNION ALL
            SELECT c.device, c.channel, c.first_ms
            FROM rollup_1d AS c FINAL
            INNER JOIN touched AS t ON c.device = t.device AND c.channel = t.channel
            WHERE t.kind = 'register' AND c.counted > 0
                AND c.bucket >= toDateTime({low_s:Int64}, 'UTC')
                AND toUnixTimestamp(c.bucket) * 1000 > t.hi_ms
        )
        GROUP BY device, channel
    )
SELECT
    t.device AS device, t.channel AS channel, t.kind AS kind,
    multiIf(
        kind = 'power', from_ms - gap,
        kind = 'register', intDiv(lo_ms - 1, 3600000) * 3600000,
        from_ms
    ) AS read_from,
    multiIf(kind = 'power', to_ms + gap, kind = 'register', to_ms + 1, to_ms) AS read_to,
    multiIf(
        kind = 'power', intDiv(lo_ms, 60000) * 60000 - gap,
        kind = 'register', intDiv(lo_ms - 1, 60000) * 60000,
        intDiv(lo_ms, 60000) * 60000
    ) AS from_ms,
    multiIf(
        kind = 'power', (intDiv(hi_ms, 60000) + 1) * 60000 + gap,
        kind = 'register', greatest((intDiv(hi_ms, 3600000) + 1) * 3600000, (intDiv(after.at_ms, 60000) + 1) * 60000),
        (intDiv(hi_ms, 60000) + 1) * 60000
    ) AS to_ms
FROM touched AS t
LEFT JOIN after ON t.device = after.device AND t.channel = after.channel
