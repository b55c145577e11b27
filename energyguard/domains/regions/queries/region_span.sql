-- question: From when to when edges have sent averages of homes: for ranges that count back from the
--   newest.
-- columns: first time, last time
SELECT min(time) AS first, max(time) AS last
FROM readings
WHERE topic = 'edge_readings' AND channel = 'power_kw'
HAVING count() > 0
