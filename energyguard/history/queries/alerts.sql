-- question: The newest `limit` changes of alerts in a range, newest first; values in their unit.
-- columns: id text, rule text, device text, channel text, severity text, state text, time_ms
--   integer ms, since_ms integer ms, window_start_ms integer ms, window_end_ms integer ms, observed
--   number, expected number, peak number, unit text, topic text, about text
SELECT
    id, rule, device, channel, severity, state, time_ms, since_ms, window_start_ms, window_end_ms,
    a.observed / 1e9 AS observed, a.expected / 1e9 AS expected, a.peak / 1e9 AS peak,
    unit, topic, about
FROM alerts AS a FINAL
WHERE time_ms >= {start_ms:Int64} AND time_ms < {end_ms:Int64}
ORDER BY time_ms DESC, id, state
LIMIT {limit:UInt32}
