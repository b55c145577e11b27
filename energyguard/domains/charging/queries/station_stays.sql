-- question: Per station: the stays that began in a range, and how long a car stayed in the mean.
-- columns: station text, sessions integer, mean_stay_s number? s
-- row: StationStays: Stays that began.
-- rest: station_stays /stations/stays: The stays that began in a range, and how long cars stayed in
--   the mean.
-- cli: stations stays: Show how many stays began at stations, and how long cars stayed in the mean.
-- clock: chargers
-- empty: nothing of chargers in this time
-- parameter station: text 200 = "" | Only this one's; empty: all. | Only this station's.
-- range: 1d
SELECT
    if(c.station = '', a.charger, c.station) AS station,
    sum(a.stays) AS sessions,
    if(sessions = 0, NULL, sum(a.stayed_s) / sessions) AS mean_stay_s
FROM (
    SELECT charger, sum(stays) AS stays, sum(stayed_s) AS stayed_s
    FROM stays_in(start_ms = {start_ms:Int64}, end_ms = {end_ms:Int64}, step_ms = 86400000, station = {station:String})
    GROUP BY charger HAVING stays > 0
    UNION ALL
    SELECT charger, toUInt64(0), toUInt64(0) FROM chargers FINAL
) AS a
LEFT JOIN (SELECT charger, station FROM placed_chargers) AS c ON a.charger = c.charger
WHERE station = {station:String} OR {station:String} = ''
GROUP BY station
ORDER BY station
