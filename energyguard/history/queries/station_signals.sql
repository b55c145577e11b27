-- The newest n signals of a charger in a range, oldest first; those of one second by rank. Plates
-- and users are pseudonyms.
SELECT toDateTime64(o.time, 0, 'UTC') AS time, charger, kind, who, price, power_kw, register_kwh, topic
FROM (
    SELECT
        time, charger, kind, who,
        if(kind IN ('connect', 'disconnect'), amount / 1e4, NULL) AS price,
        if(kind IN ('start', 'stop'), amount, NULL) AS power_kw,
        register / 1e9 AS register_kwh,
        topic, offset,
        indexOf(['stop', 'disconnect', 'leave', 'arrive', 'connect', 'start'], toString(kind)) AS rank
    FROM signals FINAL
    WHERE charger = {charger:String}
        AND time >= toDateTime(intDiv({start_ms:Int64} + 999, 1000), 'UTC')
        AND time < toDateTime(intDiv({end_ms:Int64} + 999, 1000), 'UTC')
        AND toStartOfDay(time) >= toStartOfDay(toDateTime(intDiv({start_ms:Int64} + 999, 1000), 'UTC'))
        AND toStartOfDay(time) < toDateTime(intDiv({end_ms:Int64} + 999, 1000), 'UTC')
    ORDER BY time DESC, rank DESC, offset DESC
    LIMIT {n:UInt32}
) AS o
ORDER BY o.time, rank, offset
