-- question: Energy between borders (`borders`: whole minutes in ms, increasing, with commas), of
--   each device or (`apart` no) of all together; that of a device that has several channels is that
--   of the first of: interval, register, power. `devices`: their ids as a JSON array; empty: all;
--   `without`: ids that are left out, in the same way; empty: none. Where a step has no row, nothing came in it.
-- columns: device text, start_ms integer, nano integer, readings integer
-- column nano: 1e-9 kWh
-- folded: energyguard.history.energy.preferred:first_channels
-- The engine plans a text longer than it reads its rows, and longer with each query around another:
-- which channel counts is chosen from these rows.
SELECT
    whose(apart = {apart:String}) AS whose, c.channel AS channel, start_s,
    sum(c.kwh) AS nano, sum(c.counted) AS readings
FROM between(borders = {borders:String}, devices = {devices:String}) AS c
WHERE {without:String} = '' OR NOT has(JSONExtract({without:String}, 'Array(String)'), c.device)
GROUP BY whose, channel, start_s
