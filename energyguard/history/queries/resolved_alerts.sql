-- question: The newest `limit` alerts that are over and began before a time, newest first: of some
--   devices (one a line; empty: of all), and (text empty: all) those whose sentence, device or rule
--   has a text in it, in any case, or that are of one of the devices `named`, one a line.
-- columns: id text, device text, since_ms integer ms
SELECT id, whose AS device, since_ms
FROM (
    SELECT
        id, any(a.device) AS whose, argMax(state, (restated, time_ms, a.offset, state = 'resolved')) AS last,
        argMax(a.since_ms, restated) AS since_ms
    FROM alerts AS a
    WHERE a.since_ms < {before_ms:Int64}
        AND ({devices:String} = '' OR has(splitByChar('\n', {devices:String}), device))
        AND ({rule:String} = '' OR rule = {rule:String})
        AND ({severity:String} = '' OR severity = {severity:String})
        AND ({text:String} = ''
            OR positionCaseInsensitiveUTF8(concat(about, '\n', device, '\n', rule), {text:String}) > 0
            OR ({named:String} != '' AND has(splitByChar('\n', {named:String}), device)))
    GROUP BY id
)
WHERE last = 'resolved'
ORDER BY since_ms DESC, id DESC
LIMIT {limit:UInt32}
