-- question: What each bay was at the end of a range, by the newest signal in it: free, parked,
--   connected, charging or charged; since when, and where it is. Unknown: it sent nothing in the
--   range.
-- columns: station text, charger text, state text, since time?, latitude number?, longitude number?
-- clock: chargers
-- empty: nothing of chargers in this time
-- cli: stations bays: Show what each bay is by its newest signal: free, parked, connected,
--   charging, charged.
-- range: 1d
SELECT
    if(c.station = '', o.charger, c.station) AS station, o.charger AS charger,
    ['free', 'parked', 'connected', 'charging', 'charged', 'parked', 'unknown'][
        indexOf(['leave', 'arrive', 'connect', 'start', 'stop', 'disconnect', ''], toString(o.newest))
    ] AS state,
    if(o.newest = '', NULL, toDateTime64(o.since, 0, 'UTC')) AS since,
    c.latitude AS latitude, c.longitude AS longitude
FROM (
    SELECT
        charger, max(time) AS since,
        argMax(kind, (
            time, indexOf(['stop', 'disconnect', 'leave', 'arrive', 'connect', 'start'], toString(kind)), offset
        )) AS newest
    FROM (
        SELECT toString(charger) AS charger, time, toString(kind) AS kind, offset
        FROM signals
        WHERE time >= toDateTime(intDiv({start_ms:Int64} + 999, 1000), 'UTC')
            AND time < toDateTime(intDiv({end_ms:Int64} + 999, 1000), 'UTC')
            AND toStartOfDay(time) >= toStartOfDay(toDateTime(intDiv({start_ms:Int64} + 999, 1000), 'UTC'))
            AND toStartOfDay(time) < toDateTime(intDiv({end_ms:Int64} + 999, 1000), 'UTC')
        UNION ALL
        SELECT charger, toDateTime(0, 'UTC'), '', -1 FROM listed_bays
    )
    GROUP BY charger
) AS o
LEFT JOIN (SELECT charger, station, latitude, longitude FROM placed_chargers) AS c ON o.charger = c.charger
ORDER BY station, charger
