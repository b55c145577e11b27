-- question: How often each limit was broken in a range, per station; kinds without any are left
--   out.
-- columns: station text, kind text, violations integer
-- row: KindCount: How often a limit was broken at a station.
-- rest: station_violation_kinds /stations/violations/kinds: How often each limit was broken at each
--   station.
-- clock: chargers
-- empty: nothing of chargers in this time
-- parameter station: text 200 = "" | Only this one's; empty: all. | Only this station's.
SELECT if(c.station = '', a.charger, c.station) AS station, kind, sum(broken) AS violations
FROM (
    SELECT charger, sum(no_charge) AS n, sum(before) AS b, sum(after) AS f
    FROM violations_in(start_ms = {start_ms:Int64}, end_ms = {end_ms:Int64}, step_ms = 86400000, station = {station:String})
    GROUP BY charger
) AS a
ARRAY JOIN
    ['Parking without charging', 'Long parking before recharging', 'Long parking after recharging'] AS kind,
    [n, b, f] AS broken
LEFT JOIN (SELECT charger, station FROM placed_chargers) AS c ON a.charger = c.charger
WHERE station = {station:String} OR {station:String} = ''
GROUP BY station, kind
HAVING violations > 0
ORDER BY station, kind
