-- question: The readings of a device that the entries of a range are folded from, as they were sent,
--   and where each lies in the log; at most so many.
-- columns: device text, channel text, ms integer ms, value integer, sequence integer, topic text,
--   version integer, kept integer, facts text
SELECT {device:String} AS device, name AS channel, ms, nano AS value, sequence, topic, version, kept, facts
FROM sent_to_fold(device = {device:String}, start_ms = {start_ms:Int64}, end_ms = {end_ms:Int64})
ORDER BY channel, ms, sequence, version DESC
LIMIT {limit:UInt32}
