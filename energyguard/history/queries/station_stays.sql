-- Per station: the stays that began in a range, and how long a car stayed in the mean.
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
LEFT JOIN (SELECT charger, station FROM chargers FINAL) AS c ON a.charger = c.charger
WHERE station = {station:String} OR {station:String} = ''
GROUP BY station
ORDER BY station
