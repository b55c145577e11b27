-- question: The times of readings that the worker judged to be ahead, or a person set aside as
--   that.
-- columns: device text, channel text, time_ms integer ms
SELECT DISTINCT device, channel, time_ms
FROM late
WHERE verdict = 'ahead'
ORDER BY device, channel, time_ms
