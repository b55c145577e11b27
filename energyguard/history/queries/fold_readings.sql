-- question: The readings of a device's channels of energy of which the entries of a range are
--   folded: those in it, and so many before and after it that a fold knows what it learned of all.
--   Values are 1e-9 of the unit; of one moment they are in log order, which `place` says.
-- columns: channel text, time_ms integer ms, value integer, place integer
SELECT
    name AS channel, ms AS time_ms, nano AS value,
    toInt64(18446744073709551615 - version) AS place
FROM to_fold(device = {device:String}, start_ms = {start_ms:Int64}, end_ms = {end_ms:Int64})
ORDER BY ms, name, version DESC
