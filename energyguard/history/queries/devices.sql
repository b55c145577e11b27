-- question: The channels of a device (empty: of every one): where its readings come from, since when,
--   until when, how many.
-- columns: device text, channel text, topic text, first time, last time, readings integer
SELECT
    device, channel, argMax(topic, last_ms) AS topic,
    fromUnixTimestamp64Milli(minIf(first_ms, counted > 0), 'UTC') AS first,
    fromUnixTimestamp64Milli(max(last_ms), 'UTC') AS last,
    sum(counted) AS readings
FROM rollup_1d FINAL
WHERE device = {device:String} OR {device:String} = ''
GROUP BY device, channel
ORDER BY device, channel
