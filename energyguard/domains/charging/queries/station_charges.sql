-- question: Per station: the paid charges that began in a range, how long they took in the mean (of
--   those whose end is known) and how much energy they gave.
-- columns: station text, charges integer, mean_charge_s number? s, mean_kwh number? kWh, kwh number
--   kWh
-- column mean_charge_s: Of those whose end is known.
-- row: StationCharges: Paid charges that began.
-- rest: station_charges /stations/charges: The paid charges that began in a range: their mean time
--   and energy.
-- cli: stations charges: Show how many charges were paid at stations: their mean time and energy.
-- clock: chargers
-- empty: nothing of chargers in this time
-- parameter station: text 200 = "" | Only this one's; empty: all. | Only this station's.
-- range: 1d
SELECT
    if(c.station = '', a.charger, c.station) AS station,
    sum(a.charges) AS charges,
    if(sum(a.timed) = 0, NULL, sum(a.charged_s) / sum(a.timed)) AS mean_charge_s,
    if(charges = 0, NULL, sum(a.energy) / 1e9 / charges) AS mean_kwh,
    sum(a.energy) / 1e9 AS kwh
FROM (
    SELECT
        charger, sum(charges) AS charges, sum(timed) AS timed,
        sum(charged_s) AS charged_s, sum(energy) AS energy
    FROM charges_in(start_ms = {start_ms:Int64}, end_ms = {end_ms:Int64}, step_ms = 86400000, station = {station:String})
    GROUP BY charger HAVING charges > 0
    UNION ALL
    SELECT charger, toUInt64(0), toUInt64(0), toUInt64(0), toInt64(0) FROM chargers FINAL
) AS a
LEFT JOIN (SELECT charger, station FROM placed_chargers) AS c ON a.charger = c.charger
WHERE station = {station:String} OR {station:String} = ''
GROUP BY station
ORDER BY station
