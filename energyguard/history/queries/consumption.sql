-- question: Energy between borders (`borders`: whole minutes in ms, increasing, with commas), of
--   each device or (`apart` no) of all together; that of a device that has several channels is that
--   of the first of: interval, register, power. `devices`: their ids as a JSON array; empty: all;
--   `without`: ids that are left out, in the same way; empty: none. Where a step has no row, nothing came in it.
-- columns: device text, start_ms integer, nano integer, readings integer
-- column nano: 1e-9 kWh
WITH (
    SELECT groupArray(toString(device))
    FROM several(apart = {apart:String})
) AS several
SELECT
    if({apart:String} = 'no', '', toString(device)) AS device,
    toInt64(step.1) * 1000 AS start_ms,
    sum(step.2) AS nano,
    toInt64(sum(step.3)) AS readings
FROM (
    SELECT device, argMin(steps, choice) AS chosen
    FROM (
        SELECT
            device, groupArray((start_s, used, counts)) AS steps,
            multiIf(channel = 'energy_kwh', 0, channel = 'energy_register_kwh', 1, 2) AS choice
        FROM (
            -- Of all together, devices that have one channel are one group ('') from the start.
            SELECT
                if({apart:String} = 'yes', c.device, if(empty(several), '', transform(
                    c.device, arrayPushBack(several, ''), arrayPushBack(several, ''), ''
                ))) AS device,
                if({apart:String} = 'yes' OR device != '', c.channel, '') AS channel,
                start_s, sum(c.kwh) AS used, sum(c.counted) AS counts
            FROM between(borders = {borders:String}, devices = {devices:String}) AS c
            WHERE {without:String} = ''
                OR NOT has(JSONExtract({without:String}, 'Array(String)'), c.device)
            GROUP BY device, channel, start_s
        )
        GROUP BY device, channel
    )
    GROUP BY device
)
ARRAY JOIN chosen AS step
GROUP BY device, start_ms
ORDER BY device, start_ms
