-- question: The alerts that topics of readings made of a device's channel and that touch a range:
--   those that began before its end, and were not over at its start.
-- columns: id text
SELECT id
FROM alerts FINAL
WHERE device = {device:String} AND topic = {topic:String} AND channel = {channel:String}
GROUP BY id
HAVING min(least(since_ms, window_start_ms)) <= {end_ms:Int64}
    AND (max(greatest(time_ms, window_end_ms)) >= {start_ms:Int64} OR countIf(state = 'resolved') = 0)
ORDER BY id
