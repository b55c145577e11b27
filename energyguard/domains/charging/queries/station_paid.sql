-- question: Per station, or charger (`by`): the charges that began in a range, what they took and
--   what was paid for them, in 0.01 and what makes whole units or thousandths of that; of those
--   alone at which any began.
-- columns: charger text?, station text, charges integer, kwh number kWh, cents integer, to_whole integer, to_thousandth integer
SELECT
    if({by:String} = 'charger', a.charger, NULL) AS charger,
    if(c.station = '', a.charger, c.station) AS station,
    sum(a.charges) AS charges, sum(a.energy) / 1e9 AS kwh, sum(a.cents) AS cents,
    sum(a.to_whole) AS to_whole, sum(a.to_thousandth) AS to_thousandth
FROM charges_in(start_ms = {start_ms:Int64}, end_ms = {end_ms:Int64}, step_ms = 86400000, station = '') AS a
LEFT JOIN (SELECT charger, station FROM placed_chargers) AS c ON a.charger = c.charger
GROUP BY charger, station
HAVING charges > 0
