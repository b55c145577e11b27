-- question: The newest `limit` windows over a threshold that end in a range, newest first.
-- columns: id text, device text, window_start time, window_end time, kwh number kWh, rule text,
--   mode text
SELECT id, device, window_start, window_end, kwh / 1e9 AS kwh, rule, mode
FROM window_alerts FINAL
WHERE window_end >= fromUnixTimestamp64Milli({start_ms:Int64}, 'UTC')
    AND window_end < fromUnixTimestamp64Milli({end_ms:Int64}, 'UTC')
ORDER BY window_end DESC, device, rule
LIMIT {limit:UInt32}
