-- Instead of what counts of readings that were ever corrected: all that was sent of them, also long
-- before and after the range, which does no harm to a fold.
AND (channel, time, sequence) NOT IN (
    SELECT channel, time, sequence FROM sent_readings FINAL WHERE device = {device:String}
)
UNION ALL
SELECT channel, time, value, sequence, version, topic, toUInt8(1) AS kept FROM sent_readings FINAL
WHERE device = {device:String} AND channel IN ('energy_kwh', 'energy_register_kwh', 'power_kw')
