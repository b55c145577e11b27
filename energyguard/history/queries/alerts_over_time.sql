-- question: Alerts raised and resolved, and windows over their threshold, by rule and step.
-- columns: time time, rule text, raised integer, resolved integer, window_alerts integer
SELECT
    fromUnixTimestamp64Milli(intDiv(at_ms, {step_ms:Int64}) * {step_ms:Int64}, 'UTC') AS time,
    rule,
    uniqExactIf(id, kind = 'firing') AS raised,
    uniqExactIf(id, kind = 'resolved') AS resolved,
    uniqExactIf(id, kind = 'window') AS window_alerts
FROM (
    SELECT time_ms AS at_ms, rule, id, state AS kind
    FROM alerts
    WHERE time_ms >= {start_ms:Int64} AND time_ms < {end_ms:Int64}
    UNION ALL
    SELECT toUnixTimestamp64Milli(window_end) AS at_ms, rule, id, 'window' AS kind
    FROM window_alerts
    WHERE window_end >= fromUnixTimestamp64Milli({start_ms:Int64}, 'UTC')
        AND window_end < fromUnixTimestamp64Milli({end_ms:Int64}, 'UTC')
)
GROUP BY time, rule
HAVING raised + resolved + window_alerts > 0
ORDER BY time, rule
