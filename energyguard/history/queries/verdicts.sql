-- question: The readings of a device (empty: of all) in a range: how many are kept, and of those that
--   no window counted how many of each verdict.
-- columns: verdict text, readings integer
SELECT verdict, sum(n) AS readings
FROM (
    SELECT 'kept' AS verdict, sum(counted) AS n
    FROM covering(start_ms = {start_ms:Int64}, end_ms = {end_ms:Int64}, step_ms = 86400000) AS c
    WHERE device = {device:String} OR {device:String} = ''
    UNION ALL
    SELECT verdict, uniqExact(topic, partition, offset, place) AS n
    FROM late
    WHERE (device = {device:String} OR {device:String} = '')
        AND time_ms >= {start_ms:Int64} AND time_ms < {end_ms:Int64}
    GROUP BY verdict
)
GROUP BY verdict
HAVING readings > 0
ORDER BY verdict
