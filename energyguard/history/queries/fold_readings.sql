-- question: The readings of a device's channels of energy of which the entries of a range are
--   folded: those in it, and so many before and after it that a fold knows what it learned of all.
--   Values are 1e-9 of the unit.
-- columns: channel text, time_ms integer ms, value integer, sequence integer
SELECT name AS channel, ms AS time_ms, nano AS value, sequence
FROM to_fold(device = {device:String}, start_ms = {start_ms:Int64}, end_ms = {end_ms:Int64})
ORDER BY ms, name, sequence
