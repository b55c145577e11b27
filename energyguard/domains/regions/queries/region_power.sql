-- question: The average power of homes by state, step by step, as it may be shown: of groups whose
--   homes were all measured in the same 5 s, and of no others. A group counts from when it has
--   rested.
-- columns: time time, region text, homes integer, power_kw number kW
-- column region: ISO 3166-2.
-- column homes: Of the groups that were shown in the step, at one moment or another.
-- column power_kw: Of a home, on average; to 10 W.
-- row: RegionPower: What homes of a state drew in a step, on average.
-- rest: region_power /regions/power: The average power of homes by state, step by step, as it may be
--   shown.
-- tag: regions
-- clock: regions
-- empty: nothing of homes in groups in this time
-- parameter region: text 5 = "" | Only this state's, such as DE-BE; empty: all.
-- parameter step: duration = 5m
WITH
    homes AS (
        SELECT device, region, home_group, group_size, from_ms FROM places FINAL
        WHERE home_group != '' AND (region = {region:String} OR {region:String} = '')
    ),
    whole AS (
        SELECT home_group, any(group_size) AS size, max(from_ms) AS from_ms
        FROM homes
        GROUP BY home_group
        HAVING count() = size
    ),
    measured AS (
        SELECT device, intDiv(toUnixTimestamp64Milli(time), 5000) AS slot, argMin(value, time) AS nano
        FROM readings FINAL
        WHERE device IN (SELECT device FROM homes) AND topic = 'edge_readings' AND channel = 'power_kw'
            AND time >= fromUnixTimestamp64Milli(intDiv({start_ms:Int64}, 5000) * 5000, 'UTC')
            AND time < fromUnixTimestamp64Milli(intDiv({end_ms:Int64} + 4999, 5000) * 5000, 'UTC')
            AND toStartOfHour(time) >= toStartOfHour(fromUnixTimestamp64Milli({start_ms:Int64}, 'UTC') - 5)
            AND toStartOfHour(time) < fromUnixTimestamp64Milli({end_ms:Int64} + 5000, 'UTC')
        GROUP BY device, slot
    ),
    shown AS (
        SELECT h.home_group AS home_group, any(h.region) AS region, m.slot AS slot, sum(m.nano) AS nano, count() AS here
        FROM measured AS m
        INNER JOIN homes AS h ON m.device = h.device
        INNER JOIN whole AS w ON h.home_group = w.home_group
        WHERE m.slot * 5000 >= w.from_ms
        GROUP BY home_group, slot
        HAVING here = any(w.size)
    )
SELECT
    fromUnixTimestamp64Milli(intDiv(slot * 5000, {step_ms:Int64}) * {step_ms:Int64}, 'UTC') AS time,
    region,
    arraySum(one -> toInt64(one.2), groupUniqArray((home_group, here))) AS homes,
    round(sum(nano) / sum(here) / 1e7) / 100 AS power_kw
FROM shown
GROUP BY time, region
ORDER BY time, region
