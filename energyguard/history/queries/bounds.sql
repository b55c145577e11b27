-- question: What a device used in each step: the estimate, what of it was drawn and what fed in, at
--   least and at most, and how many ms of it readings speak of. Of a device that has several channels it is that of the first of:
--   interval, register, power. Of time that no reading speaks of, at most is what the largest
--   plausible power would come to; powers are samples, of which no bound is known.
-- columns: time time, kwh number kWh, import_kwh number kWh, export_kwh number kWh, low number kWh, high number kWh, covered_ms integer ms
-- column kwh: Net: import less export.
-- column import_kwh: What was drawn, entry by entry.
-- column export_kwh: What was fed in, entry by entry.
-- row: EnergyBounds: What was used in a step, at least and at most.
-- rest: bounds /bounds: What a device used in each step, at least and at most, and what is covered.
-- cli: bounds: Show what a device used at least and at most, and how much of the time is covered.
-- empty: no readings of {device} in this time
-- parameter device: text = ! | | A device, such as H001.
-- parameter step: duration = 1h | | The length of a step.
-- range: 1d
-- as known: As it was known by then: what had come, and as it had been corrected.
-- folded: energyguard.history.energy.folded:bounds
SELECT name, ms, nano, facts
FROM to_fold(device = {device:String}, start_ms = {start_ms:Int64}, end_ms = {end_ms:Int64})
WHERE {step_ms:Int64} > 0
ORDER BY name, ms, version DESC
