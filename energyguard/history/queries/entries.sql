-- question: The ledger's entries of a device in a range: what each reading says was used, from when
--   to when, at least and at most, of which kind it is, and why. Of a device that has several
--   channels they are those of the first of: interval, register, power.
-- columns: channel text, time time, value number, start time, end time, kwh number kWh, inside number kWh, low number kWh, high number kWh, kind text, why text,
--   evidence text, number integer, after_ms integer? ms, scale number?
-- column time: Of the reading that made it.
-- column value: Of the reading, as it was sent.
-- column start: Since when it was used.
-- column inside: What of it lies in the range: these add up to the energy of the range.
-- column low: What the whole entry is at least, where no power is larger than is plausible.
-- column high: And at most.
-- column kind: first, interval, difference, gap, reset, rollover, swap, dip, glitch, correction.
-- column why: In English; it is made of the next three.
-- column evidence: plain, unusual, long, returned, … (docs/ledger.md).
-- column number: What the evidence is about: energies and registers in 1e-9 kWh.
-- column after_ms: How long after the reading the one came that decided.
-- column scale: What was sent times this is in the channel's unit; none: it was sent so.
-- row: LedgerEntry: What a reading says was used.
-- rest: entries /entries: What each reading of a device says was used, and why.
-- empty: no entries of {device} in this time
-- parameter device: text = ! | | A device, such as H001.
-- range: 1d
-- as known: As it was known by then: what had come, and as it had been corrected.
-- folded: energyguard.history.energy.folded:entries
WITH
    corrected AS (
        SELECT
            toString(s.channel) AS name, toUnixTimestamp64Milli(s.time) AS ms,
            c.value != '' AS is_set, toInt64(argMax(s.value, s.version)) AS sent,
            any(c.by) AS by, any(c.why) AS reason
        FROM (
            SELECT * FROM sent_readings FINAL
            WHERE device = {device:String} AND correction != ''
                AND channel IN ('energy_kwh', 'energy_register_kwh', 'power_kw')
                AND time >= fromUnixTimestamp64Milli({start_ms:Int64}, 'UTC')
                AND time <= fromUnixTimestamp64Milli({end_ms:Int64}, 'UTC')
        ) AS s
        INNER JOIN (SELECT * FROM corrections FINAL) AS c ON s.correction = c.id
        GROUP BY name, ms, is_set
    )
SELECT * FROM (
    SELECT
        f.name AS name, f.ms AS ms, f.nano AS nano, f.facts AS facts, f.version AS version,
        toUInt8(0) AS wrong, c.is_set AS is_set, c.sent AS sent, c.by AS by, c.reason AS reason
    FROM to_fold(device = {device:String}, start_ms = {start_ms:Int64}, end_ms = {end_ms:Int64}) AS f
    LEFT JOIN (SELECT * FROM corrected WHERE is_set) AS c ON f.name = c.name AND f.ms = c.ms
    UNION ALL
    SELECT name, ms, sent AS nano, '' AS facts, toUInt64(0) AS version, toUInt8(1) AS wrong, is_set, sent, by, reason
    FROM corrected WHERE NOT is_set AND ms < {end_ms:Int64}
)
ORDER BY name, ms, version DESC
