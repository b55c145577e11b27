-- question: The newest n violations in a range, newest first, at one station or (station empty) at
--   all. Plates and users are pseudonyms. The roll-ups tell since when there have been n of them,
--   so that no others are read.
-- columns: time time, station text, charger text, kind text, start_parking time, end_parking time?,
--   plate person, user person, stay text, id text
-- row: ViolationRow: A limit that a car broke.
-- rest: station_violations /stations/violations: The newest violations, newest first.
-- cli: stations violations: Show the limits that cars broke, newest first.
-- clock: chargers
-- empty: nothing of chargers in this time
-- parameter station: text 200 = "" | Only this one's; empty: all. | Only this station's.
-- parameter kinds: flag | | Only how many of each kind.
-- instead kinds true: station_violation_kinds
-- parameter n: count 10000 = 100 / 50 | At most so many. | The newest so many.
-- range: 1d
WITH (
    SELECT max(bucket)
    FROM (
        SELECT bucket, sum(sum(no_charge + before + after)) OVER (ORDER BY bucket DESC) AS newer
        FROM violations_in(start_ms = {start_ms:Int64}, end_ms = {end_ms:Int64}, step_ms = 86400000, station = {station:String})
        GROUP BY bucket
    )
    WHERE newer >= {n:UInt32}
) AS since
SELECT
    toDateTime64(v.time, 0, 'UTC') AS time, if(c.station = '', v.charger, c.station) AS station,
    v.charger AS charger, v.kind AS kind, toDateTime64(v.start_parking, 0, 'UTC') AS start_parking,
    toDateTime64(v.end_parking, 0, 'UTC') AS end_parking, v.plate AS plate, v.user AS user,
    v.stay AS stay, v.id AS id
FROM (
    SELECT *
    FROM violations FINAL
    WHERE time >= toDateTime(intDiv({start_ms:Int64} + 999, 1000), 'UTC')
        AND time < toDateTime(intDiv({end_ms:Int64} + 999, 1000), 'UTC')
        AND toStartOfDay(time) >= toStartOfDay(toDateTime(intDiv({start_ms:Int64} + 999, 1000), 'UTC'))
        AND toStartOfDay(time) < toDateTime(intDiv({end_ms:Int64} + 999, 1000), 'UTC')
        AND time >= since AND toStartOfDay(time) >= toStartOfDay(since)
        AND ({station:String} = '' OR charger IN (
            SELECT charger FROM placed_chargers WHERE if(station = '', charger, station) = {station:String}
            UNION ALL
            SELECT {station:String} WHERE {station:String} NOT IN (SELECT charger FROM chargers)
        ))
) AS v
LEFT JOIN (SELECT charger, station FROM placed_chargers) AS c ON v.charger = c.charger
ORDER BY v.time DESC, charger, id
LIMIT {n:UInt32}
