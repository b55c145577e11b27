-- question: What was paid and charged in each period, at one station or (station empty) at all, each
--   currency by itself; a period without anything has its zeros. Sums are of bills as they were
--   paid and of 1e-9 kWh: no fraction is lost.
-- columns: time time, charges integer, eur number, currency text, kwh number kWh
-- column eur: What was paid, in `currency`: the sum of the bills, each in whole minor units.
-- column currency: ISO 4217. A period has a row for each.
-- row: RevenueStep: What the charges that began in a period came to in a currency.
-- rest: station_revenue /stations/revenue: What was paid and charged in each period: the sum of
--   the bills, a row for each currency, and kWh.
-- cli: stations revenue: Show what was paid and charged in each period: money of each currency, and
--   kWh.
-- clock: chargers
-- empty: nothing of chargers in this time
-- parameter station: text 200 = "" | Only this one's; empty: all. | Only this station's.
-- parameter step: duration = 1h | | How long an interval is.
-- filled currency: energyguard.domains.charging.currencies:usual_currency
-- filled currencies: energyguard.domains.charging.currencies:other_currencies
-- filled minor_units: energyguard.domains.charging.currencies:minor_units
-- range: 1d
-- hidden without: charges: Periods without any, too.
WITH
    JSONExtract({currencies:String}, 'Map(String, String)') AS others,
    JSONExtract({minor_units:String}, 'Map(String, UInt8)') AS units,
    (cents, to_whole, to_thousandth, code) -> (10 * cents + multiIf(
        NOT mapContains(units, code), 0, units[code] = 0, to_whole, to_thousandth
    )) / 1000 AS bill,
    stations AS (
        SELECT charger, if(station = '', charger, station) AS name FROM placed_chargers
    ),
    asked AS (
        SELECT DISTINCT if(mapContains(others, name), others[name], {currency:String}) AS code
        FROM (
            SELECT if(station = '', charger, station) AS name FROM chargers FINAL WHERE {station:String} IN ('', name)
            UNION ALL
            SELECT {station:String} WHERE {station:String} != '' OR NOT EXISTS (SELECT 1 FROM chargers)
        )
    )
SELECT
    fromUnixTimestamp64Milli(number * {step_ms:Int64}, 'UTC') AS time,
    sum(charges) AS charges, bill(sum(cents), sum(to_whole), sum(to_thousandth), code) AS eur, code AS currency, sum(energy) / 1e9 AS kwh
FROM (
    SELECT
        intDiv(toInt64(toUnixTimestamp(a.bucket)) * 1000, {step_ms:Int64}) AS number,
        if(s.name = '', a.charger, s.name) AS station,
        if(mapContains(others, station), others[station], {currency:String}) AS code,
        a.charges AS charges, a.cents AS cents,
        a.to_whole AS to_whole, a.to_thousandth AS to_thousandth, a.energy AS energy
    FROM charges_by_step(start_ms = {start_ms:Int64}, end_ms = {end_ms:Int64}, step_ms = {step_ms:Int64}, station = {station:String}) AS a
    LEFT JOIN stations AS s ON a.charger = s.charger
    WHERE a.charges > 0  -- an hour in which a car stood alone has no currency
    UNION ALL
    SELECT intDiv({start_ms:Int64}, {step_ms:Int64}) + toInt64(n.number), '', code,
        toUInt64(0), toInt64(0), toInt64(0), toInt64(0), toInt64(0)
    FROM numbers(toUInt64(if({end_ms:Int64} > {start_ms:Int64},
        intDiv({end_ms:Int64} - 1, {step_ms:Int64}) - intDiv({start_ms:Int64}, {step_ms:Int64}) + 1, 0))) AS n
    CROSS JOIN asked
)
GROUP BY number, code
ORDER BY number, code
