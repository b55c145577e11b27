-- question: The n chargers with the most profit in a range, best first, and the n with the least,
--   worst first; among equals the names decide.
-- columns: side top|bottom, rank integer, charger text, station text, eur number EUR, kwh number
--   kWh, charges integer
WITH
    earned AS (
        SELECT
            a.charger AS charger, if(any(c.station) = '', a.charger, any(c.station)) AS station,
            sum(a.charges) AS charges, sum(a.cents) AS cents, sum(a.energy) AS energy
        FROM (
            SELECT charger, sum(charges) AS charges, sum(cents) AS cents, sum(energy) AS energy
            FROM charges_in(start_ms = {start_ms:Int64}, end_ms = {end_ms:Int64}, step_ms = 86400000, station = '')
            GROUP BY charger HAVING charges > 0
            UNION ALL
            SELECT charger, toUInt64(0), toInt64(0), toInt64(0) FROM chargers FINAL
        ) AS a
        LEFT JOIN (SELECT charger, station FROM chargers FINAL) AS c ON a.charger = c.charger
        GROUP BY charger
    ),
    ranked AS (
        SELECT
            *,
            row_number() OVER (ORDER BY cents DESC, charger) AS best,
            row_number() OVER (ORDER BY cents, charger DESC) AS worst
        FROM earned
    )
SELECT
    side, if(side = 'top', best, worst) AS rank, charger, station,
    cents / 100 AS eur, energy / 1e9 AS kwh, charges
FROM ranked
ARRAY JOIN ['top', 'bottom'] AS side
WHERE rank <= {n:UInt32}
ORDER BY side = 'bottom', rank
