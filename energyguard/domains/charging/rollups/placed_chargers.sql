-- Chargers, each with where it stands: a plug (`charger-7/1`) that is not listed stands where its
-- charger does.
SELECT charger, station, latitude, longitude FROM chargers FINAL
UNION ALL
SELECT plug.name, if(whole.station = '', whole.charger, whole.station), whole.latitude, whole.longitude
FROM (
    SELECT charger AS name, arrayStringConcat(arrayPopBack(splitByChar('/', charger)), '/') AS of
    FROM standing WHERE position(charger, '/') > 0 AND charger NOT IN (SELECT charger FROM chargers)
    GROUP BY charger
) AS plug
INNER JOIN (SELECT charger, station, latitude, longitude FROM chargers FINAL) AS whole ON plug.of = whole.charger
