-- question: What was paid and charged in each period, at one station or (station empty) at all; a
--   period without anything has its zeros. Sums are of whole cents and 1e-9 kWh: no fraction is
--   lost.
-- columns: time time, charges integer, eur number EUR, kwh number kWh
-- column eur: Whole cents.
-- row: RevenueStep: What the charges that began in a period came to.
-- rest: station_revenue /stations/revenue: What was paid and charged in each period: EUR to the
--   cent, kWh.
-- cli: stations revenue: Show what was paid and charged in each period: EUR and kWh.
-- clock: chargers
-- empty: nothing of chargers in this time
-- parameter station: text 200 = "" | Only this one's; empty: all. | Only this station's.
-- parameter step: duration = 1h | | How long an interval is.
-- range: 1d
-- hidden without: charges: Periods without any, too.
SELECT
    fromUnixTimestamp64Milli(number * {step_ms:Int64}, 'UTC') AS time,
    sum(charges) AS charges, sum(cents) / 100 AS eur, sum(energy) / 1e9 AS kwh
FROM (
    SELECT
        intDiv(toInt64(toUnixTimestamp(a.bucket)) * 1000, {step_ms:Int64}) AS number,
        a.charges AS charges, a.cents AS cents, a.energy AS energy
    FROM charges_by_step(start_ms = {start_ms:Int64}, end_ms = {end_ms:Int64}, step_ms = {step_ms:Int64}, station = {station:String}) AS a
    UNION ALL
    SELECT intDiv({start_ms:Int64}, {step_ms:Int64}) + toInt64(number), toUInt64(0), toInt64(0), toInt64(0)
    FROM numbers(toUInt64(if({end_ms:Int64} > {start_ms:Int64},
        intDiv({end_ms:Int64} - 1, {step_ms:Int64}) - intDiv({start_ms:Int64}, {step_ms:Int64}) + 1, 0)))
)
GROUP BY number
ORDER BY number
