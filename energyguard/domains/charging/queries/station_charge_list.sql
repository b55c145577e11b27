-- question: The paid charges that began in a range, of one station or (station empty) of all, in order
--   of time: when the car came, charged and left, what the counter showed, and what was paid.
--   Users are pseudonyms. The counter is null where the charger did not send it.
-- columns: station text, charger text, arrived time?, start time, end time?, left time?, kwh number
--   kWh, meter_start number? kWh, meter_stop number? kWh, eur number, currency text, user
--   person, id text
-- column eur: What was paid, in whole minor units of `currency`.
-- column currency: Of `eur`, ISO 4217.
-- filled currency: energyguard.domains.charging.currencies:usual_currency
-- filled currencies: energyguard.domains.charging.currencies:other_currencies
-- filled minor_units: energyguard.domains.charging.currencies:minor_units
WITH
    JSONExtract({currencies:String}, 'Map(String, String)') AS others,
    JSONExtract({minor_units:String}, 'Map(String, UInt8)') AS units,
    (cents, to_whole, to_thousandth, code) -> (10 * cents + multiIf(
        NOT mapContains(units, code), 0, units[code] = 0, to_whole, to_thousandth
    )) / 1000 AS bill,
    toDateTime(intDiv({start_ms:Int64} + 999, 1000), 'UTC') AS low,
    toDateTime(intDiv({end_ms:Int64} + 999, 1000), 'UTC') AS high,
    paid AS (
        SELECT * FROM charges FINAL
        WHERE start >= low AND start < high
            AND toStartOfDay(start) >= toStartOfDay(low) AND toStartOfDay(start) < high
    ),
    counters AS (
        SELECT charger, time, anyIf(register, kind = 'start') AS began, anyIf(register, kind = 'stop') AS ended
        FROM signals FINAL
        WHERE kind IN ('start', 'stop') AND register IS NOT NULL
            AND time >= low AND time < high + INTERVAL 2 DAY
            AND toStartOfDay(time) >= toStartOfDay(low) AND toStartOfDay(time) < high + INTERVAL 2 DAY
        GROUP BY charger, time
    )
SELECT
    if(s.station = '', p.charger, s.station) AS station, p.charger AS charger,
    if(t.id = '', NULL, toDateTime64(t.start_parking, 0, 'UTC')) AS arrived,
    toDateTime64(p.start, 0, 'UTC') AS start,
    toDateTime64(p.end, 0, 'UTC') AS end,
    if(t.id = '', NULL, toDateTime64(t.end_parking, 0, 'UTC')) AS left,
    p.energy / 1e9 AS kwh, b.began / 1e9 AS meter_start, e.ended / 1e9 AS meter_stop,
    bill(p.cents, p.to_whole, p.to_thousandth, currency) AS eur,
    if(mapContains(others, station), others[station], {currency:String}) AS currency,
    p.user AS user, p.id AS id
FROM paid AS p
LEFT JOIN (SELECT charger, station FROM placed_chargers) AS s ON s.charger = p.charger
LEFT JOIN (SELECT id, start_parking, end_parking FROM stays FINAL WHERE id IN (SELECT stay FROM paid)) AS t ON t.id = p.stay
LEFT JOIN (SELECT charger, time, began FROM counters) AS b ON b.charger = p.charger AND b.time = p.start
LEFT JOIN (SELECT charger, time, ended FROM counters) AS e ON e.charger = p.charger AND e.time = ifNull(p.end, p.start)
WHERE {station:String} = '' OR station = {station:String}
ORDER BY p.start, charger, id
LIMIT {limit:UInt32}
