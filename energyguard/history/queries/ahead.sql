-- The times of readings that the worker judged to be ahead, or a person set aside as that.
SELECT DISTINCT device, channel, time_ms
FROM late
WHERE verdict = 'ahead'
ORDER BY device, channel, time_ms
