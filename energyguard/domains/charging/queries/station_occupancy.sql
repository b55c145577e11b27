-- question: Per station: its bays, the part of their time that cars stood there, and the part that
--   was free. A charger that nobody listed is a station of its own. The time of a bay is that of
--   the range. A car that stands there now has stood there up to the newest second that is known of
--   its topic.
-- columns: station text, bays integer, occupied_s integer s, occupancy number %, availability
--   number %
-- column occupied_s: Of all bays together; a bay counts once at a time.
-- column occupancy: Per cent of the time of all bays.
-- column availability: Per cent of the time of all bays: what was free.
-- row: StationOccupancy: How much of the time of its bays cars stood at a station.
-- rest: station_occupancy /stations/occupancy: How much of the time of its bays cars stood at each
--   station, and how much was free.
-- cli: stations occupancy: Show how much of the time of their bays cars stood at stations, and how
--   much was free (%).
-- clock: chargers
-- only times of: occupied
-- empty: nothing of chargers in this time
-- parameter station: text 200 = "" | Only this one's; empty: all. | Only this station's.
-- range: 1d
WITH
    intDiv({start_ms:Int64} + 999, 1000) AS low,
    intDiv({end_ms:Int64} + 999, 1000) AS high,
    greatest(high - low, 1) AS span_s
SELECT
    if(c.station = '', a.charger, c.station) AS station,
    count() AS bays,
    sum(a.stood_s) AS occupied_s,
    100 * occupied_s / (bays * span_s) AS occupancy,
    100 - occupancy AS availability
FROM (
    SELECT charger, least(sum(occupied_s), toUInt64(span_s)) AS stood_s
    FROM (
        SELECT toString(charger) AS charger, occupied_s
        FROM occupied_in(start_ms = {start_ms:Int64}, end_ms = {end_ms:Int64}, step_ms = 86400000, station = {station:String})
        WHERE occupied_s > 0
        UNION ALL
        SELECT s.charger, toUInt64(least(high, toUnixTimestamp(n.time)) - greatest(low, toUnixTimestamp(s.start_parking)))
        FROM (SELECT charger, source, start_parking FROM standing FINAL) AS s
        INNER JOIN (
            SELECT source, max(occupied.time) AS time
            FROM occupied
            WHERE occupied.time > (SELECT max(o.time) FROM (SELECT occupied.time AS time FROM occupied ORDER BY occupied.time DESC LIMIT 1) AS o) - 3600
            GROUP BY source
        ) AS n ON s.source = n.source
        WHERE s.start_parking IS NOT NULL
            AND least(high, toUnixTimestamp(n.time)) > greatest(low, toUnixTimestamp(s.start_parking))
        UNION ALL
        SELECT charger, toUInt64(0) FROM listed_bays
    )
    GROUP BY charger
) AS a
LEFT JOIN (SELECT charger, station FROM placed_chargers) AS c ON a.charger = c.charger
WHERE station = {station:String} OR {station:String} = ''
GROUP BY station
ORDER BY station
