-- question: The readings of a device that the entries of a range are folded from, as they count now.
-- columns: name text, ms integer ms, nano integer, sequence integer, facts text
SELECT name, ms, nano, sequence, facts
FROM to_fold(device = {device:String}, start_ms = {start_ms:Int64}, end_ms = {end_ms:Int64})
ORDER BY name, ms, version DESC
