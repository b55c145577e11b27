-- question: As `bounds`, between any borders (`borders`: ms, increasing, with commas; `start_ms` and
--   `end_ms`: the first and the last). The last step ends with the newest entry, where no more time
--   has passed since than is usual; the first one begins with the very first reading.
-- columns: start time, end time, kwh number kWh, import_kwh number kWh, export_kwh number kWh, low number kWh, high number kWh, covered_ms integer ms
-- folded: energyguard.history.energy.folded:bounds_between
SELECT name, ms, nano, facts
FROM to_fold(device = {device:String}, start_ms = {start_ms:Int64}, end_ms = {end_ms:Int64})
WHERE {borders:String} != ''
ORDER BY name, ms, version DESC
