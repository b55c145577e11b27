-- question: What an inverter gave in a range.
-- columns: device text, kwh number kWh
-- row: SolarYield: What an inverter gave.
-- rest: solar_yield /solar/yield: What an inverter gave.
-- cli: solar-yield: Show what an inverter gave.
-- parameter device: text = ! / roof argument | | An inverter.
-- range: 24h
SELECT device, sum(c.kwh) / 1e9 AS kwh
FROM covering(start_ms = {start_ms:Int64}, end_ms = {end_ms:Int64}, step_ms = 86400000) AS c
WHERE device = {device:String} AND channel = 'power_kw'
GROUP BY device
