-- What an inverter gave in a range, in kWh.
SELECT device, sum(c.kwh) / 1e9 AS kwh
FROM covering(start_ms = {start_ms:Int64}, end_ms = {end_ms:Int64}, step_ms = 86400000) AS c
WHERE device = {device:String} AND channel = 'power_kw'
GROUP BY device
