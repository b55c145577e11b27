-- question: What happened at the chargers of a station in a range: stays and charges that touch it,
--   violations in it; in order of time, at most n. Plates and users are pseudonyms.
-- columns: what stay|charge|violation, charger text, start time, end time?, detail text, kwh
--   number? kWh, eur number?, currency text?, plate person, user person, stay text, id text
-- column eur: Of a charge: what was paid, in whole minor units of `currency`.
-- column currency: ISO 4217; null where there is no amount.
-- column detail: Of a stay: its quality; of a violation: which.
-- row: Happening: A stay, a charge or a violation.
-- rest: station_day /stations/day: Stays, charges and violations at the chargers of a station, in
--   order of time.
-- cli: stations day: Show the stays, charges and violations at a station, in order of time.
-- clock: chargers
-- empty: nothing of chargers in this time
-- parameter station: text 200 = ! | | A station.
-- parameter charger: text 200 = "" | Only what happened at this one; empty: at all of the station. | Only at this charger.
-- parameter n: count 10000 = 5000 / 200 | At most so many. | At most so many.
-- filled currency: energyguard.domains.charging.currencies:usual_currency
-- filled currencies: energyguard.domains.charging.currencies:other_currencies
-- filled minor_units: energyguard.domains.charging.currencies:minor_units
-- range: 1d
WITH
    JSONExtract({currencies:String}, 'Map(String, String)') AS others,
    if(mapContains(others, {station:String}), others[{station:String}], {currency:String}) AS code,
    JSONExtract({minor_units:String}, 'Map(String, UInt8)') AS units,
    (cents, to_whole, to_thousandth, code) -> (10 * cents + multiIf(
        NOT mapContains(units, code), 0, units[code] = 0, to_whole, to_thousandth
    )) / 1000 AS bill,
    mine AS (
        SELECT charger FROM (
            SELECT charger FROM placed_chargers WHERE if(station = '', charger, station) = {station:String}
            UNION ALL
            SELECT {station:String} WHERE {station:String} NOT IN (SELECT charger FROM chargers)
        )
        WHERE {charger:String} IN ('', charger)
    ),
    toDateTime(intDiv({start_ms:Int64} + 999, 1000), 'UTC') AS low,
    toDateTime(intDiv({end_ms:Int64} + 999, 1000), 'UTC') AS high
SELECT
    what, charger, toDateTime64(o.start, 0, 'UTC') AS start, toDateTime64(o.end, 0, 'UTC') AS end, detail,
    kwh, eur,
    if(eur IS NULL, NULL, code) AS currency,
    plate, user, stay, id
FROM (
    SELECT
        'stay' AS what, charger, start_parking AS start, toNullable(end_parking) AS end,
        toString(quality) AS detail, CAST(NULL, 'Nullable(Float64)') AS kwh,
        CAST(NULL, 'Nullable(Float64)') AS eur, plate, user, id AS stay, id
    FROM stays FINAL
    WHERE charger IN (SELECT charger FROM mine)
        AND start_parking < high AND end_parking >= low
        AND (end_parking > low OR start_parking >= low)
    UNION ALL
    SELECT 'charge', charger, c.start, c.end, '', energy / 1e9, bill(cents, to_whole, to_thousandth, code), '', user, stay, id
    FROM charges AS c FINAL
    WHERE charger IN (SELECT charger FROM mine)
        AND c.start < high AND ifNull(c.end, c.start) >= low
        AND (ifNull(c.end, c.start) > low OR c.start >= low)
    UNION ALL
    SELECT 'violation', charger, time, NULL, toString(kind), NULL, NULL, plate, user, stay, id
    FROM violations FINAL
    WHERE charger IN (SELECT charger FROM mine) AND time >= low AND time < high
        AND toStartOfDay(time) >= toStartOfDay(low) AND toStartOfDay(time) < high
) AS o
ORDER BY o.start, charger, what, id
LIMIT {n:UInt32}
