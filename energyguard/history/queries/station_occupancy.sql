-- Per station: its bays, the part of their time that cars stood there, and the part that was free.
-- A charger that nobody listed is a station of its own. The time of a bay is that of the range.
WITH greatest(intDiv({end_ms:Int64} + 999, 1000) - intDiv({start_ms:Int64} + 999, 1000), 1) AS span_s
SELECT
    if(c.station = '', a.charger, c.station) AS station,
    uniqExact(a.charger) AS bays,
    sum(a.occupied_s) AS occupied_s,
    100 * occupied_s / (bays * span_s) AS occupancy,
    100 - occupancy AS availability
FROM (
    SELECT charger, occupied_s
    FROM occupied_in(start_ms = {start_ms:Int64}, end_ms = {end_ms:Int64}, step_ms = 86400000, station = {station:String})
    WHERE occupied_s > 0
    UNION ALL
    SELECT charger, toUInt64(0) FROM chargers FINAL
) AS a
LEFT JOIN (SELECT charger, station FROM chargers FINAL) AS c ON a.charger = c.charger
WHERE station = {station:String} OR {station:String} = ''
GROUP BY station
ORDER BY station
