-- question: The n stations, or chargers, with the most profit in a range, best first, and the n
--   with the least, worst first; among equals the names decide. Amounts of two currencies are not
--   compared: of each there are n.
-- columns: side top|bottom, rank integer, charger text? optional, station text, eur number,
--   currency text, kwh number kWh, charges integer
-- column rank: Among those of one currency.
-- column eur: What was paid, in `currency`: the sum of the bills, each in whole minor units.
-- column currency: ISO 4217.
-- row: RankedStation: A station, or a charger, among the best or among the worst.
-- rest: station_top /stations/top: The stations, or the chargers, with the most and the least
--   profit, among those of one currency.
-- cli: stations top: Show the stations, or the chargers, with the most profit, and those with the
--   least.
-- clock: chargers
-- empty: nothing of chargers in this time
-- parameter n: count 10000 = 5 | At most so many. | How many of each.
-- parameter by: choice station charger = station | Who is ranked. | Who is ranked.
-- filled currency: energyguard.domains.charging.currencies:usual_currency
-- filled currencies: energyguard.domains.charging.currencies:other_currencies
-- filled minor_units: energyguard.domains.charging.currencies:minor_units
-- range: 1d
WITH
    JSONExtract({currencies:String}, 'Map(String, String)') AS others,
    JSONExtract({minor_units:String}, 'Map(String, UInt8)') AS units,
    (cents, to_whole, to_thousandth, code) -> (10 * cents + multiIf(
        NOT mapContains(units, code), 0, units[code] = 0, to_whole, to_thousandth
    )) / 1000 AS bill,
    earned AS (
        SELECT
            if({by:String} = 'charger', a.charger, NULL) AS who,
            if(c.station = '', a.charger, c.station) AS station,
            sum(a.charges) AS charges, sum(a.cents) AS cents,
            sum(a.to_whole) AS to_whole, sum(a.to_thousandth) AS to_thousandth, sum(a.energy) AS energy
        FROM (
            SELECT charger, sum(charges) AS charges, sum(cents) AS cents,
                sum(to_whole) AS to_whole, sum(to_thousandth) AS to_thousandth, sum(energy) AS energy
            FROM charges_in(start_ms = {start_ms:Int64}, end_ms = {end_ms:Int64}, step_ms = 86400000, station = '')
            GROUP BY charger HAVING charges > 0
            UNION ALL
            SELECT charger, toUInt64(0), toInt64(0), toInt64(0), toInt64(0), toInt64(0) FROM listed_bays
        ) AS a
        LEFT JOIN (SELECT charger, station FROM placed_chargers) AS c ON a.charger = c.charger
        GROUP BY who, station
    ),
    ranked AS (
        SELECT
            *,
            ifNull(who, station) AS name,
            if(mapContains(others, station), others[station], {currency:String}) AS currency,
            bill(cents, to_whole, to_thousandth, currency) AS eur,
            row_number() OVER (PARTITION BY currency ORDER BY eur DESC, name) AS best,
            row_number() OVER (PARTITION BY currency ORDER BY eur, name DESC) AS worst
        FROM earned
    )
SELECT
    side, if(side = 'top', best, worst) AS rank, who AS charger, station,
    eur, currency, energy / 1e9 AS kwh, charges
FROM ranked
ARRAY JOIN ['top', 'bottom'] AS side
WHERE rank <= {n:UInt32}
ORDER BY side = 'bottom', currency, rank
