-- question: Energy of many devices added up, between borders (`borders`: whole minutes in ms,
--   increasing, with commas); that of a device that has several channels is that of the first of:
--   interval, register, power. `ends`: the first border and the last. `devices`: their ids as a
--   JSON array. Where a step has no row, nothing came in it.
-- columns: start_ms integer, nano integer, readings integer
-- column nano: 1e-9 kWh
SELECT toInt64(start_s) * 1000 AS start_ms, sum(c.kwh) AS nano, toInt64(sum(c.counted)) AS readings
FROM between(borders = {borders:String}, devices = {devices:String}) AS c
WHERE (device, channel) IN (
    SELECT
        device,
        argMin(channel, multiIf(channel = 'energy_kwh', 0, channel = 'energy_register_kwh', 1, 2))
    FROM between(borders = {ends:String}, devices = {devices:String})
    GROUP BY device
)
GROUP BY start_s
ORDER BY start_ms
