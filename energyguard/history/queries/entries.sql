-- question: The ledger's entries of a device in a range: what each reading says was used, from when
--   to when, at least and at most, of which kind it is, and why. Of a device that has several
--   channels they are those of the first of: interval, register, power.
-- columns: channel text, time time, value number, start time, end time, kwh number kWh, inside number kWh, low number kWh, high number kWh, kind text, why text,
--   evidence text, number integer, after_ms integer? ms
-- column time: Of the reading that made it.
-- column value: Of the reading, in the channel's unit.
-- column start: Since when it was used.
-- column inside: What of it lies in the range: these add up to the energy of the range.
-- column low: What the whole entry is at least, where no power is larger than is plausible.
-- column high: And at most.
-- column kind: first, interval, difference, gap, reset, rollover, swap, dip, glitch, correction.
-- column why: In English; it is made of the next three.
-- column evidence: plain, unusual, long, returned, … (docs/ledger.md).
-- column number: What the evidence is about: energies and registers in 1e-9 kWh.
-- column after_ms: How long after the reading the one came that decided.
-- row: LedgerEntry: What a reading says was used.
-- rest: entries /entries: What each reading of a device says was used, and why.
-- empty: no entries of {device} in this time
-- parameter device: text = ! | | A device, such as H001.
-- range: 1d
-- folded: energyguard.history.folded:entries
SELECT name, ms, nano, facts
FROM to_fold(device = {device:String}, start_ms = {start_ms:Int64}, end_ms = {end_ms:Int64})
ORDER BY name, ms, version DESC
