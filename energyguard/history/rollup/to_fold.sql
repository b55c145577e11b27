-- Readings of a device in a range, and so many before and after that the entries are those of a
-- fold of all: where these are, the hours and days of the roll-ups say. ``facts``: what is said of
-- the channel, as JSON; empty: nothing. Of readings of one moment the one with the largest version
-- was the first in the log. ``{sent}``: instead of what counts of corrected readings (sent.sql).
WITH
    intDiv({start_ms:Int64}, 86400000) * 86400 - 172800 AS low_s,
    intDiv({end_ms:Int64}, 86400000) * 86400 + 172800 AS high_s,
    counts AS (
        SELECT channel, counted, first_ms, last_ms FROM rollup_1h FINAL
        WHERE device = {device:String} AND counted > 0
            AND channel IN ('energy_kwh', 'energy_register_kwh', 'power_kw')
            AND bucket >= toDateTime(low_s, 'UTC') AND bucket < toDateTime(high_s, 'UTC')
            AND toStartOfDay(bucket) >= toDateTime(low_s, 'UTC')
            AND toStartOfDay(bucket) < toDateTime(high_s, 'UTC')
        UNION ALL
        SELECT channel, counted, first_ms, last_ms FROM rollup_1d FINAL
        WHERE device = {device:String} AND counted > 0
            AND channel IN ('energy_kwh', 'energy_register_kwh', 'power_kw')
            AND (bucket < toDateTime(low_s, 'UTC') OR bucket >= toDateTime(high_s, 'UTC'))
    ),
    spans AS (
        SELECT
            minIf(first_ms, (first_ms < {start_ms:Int64} AND before < 128) OR last_ms >= {start_ms:Int64}) AS from_ms,
            maxIf(last_ms, (last_ms > {end_ms:Int64} AND after < 16) OR first_ms <= {end_ms:Int64}) AS until_ms
        FROM (
            SELECT
                *,
                sum(if(last_ms < {start_ms:Int64}, counted, 0)) OVER (
                    PARTITION BY channel ORDER BY first_ms DESC
                    ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
                ) AS before,
                sum(if(first_ms > {end_ms:Int64}, counted, 0)) OVER (
                    PARTITION BY channel ORDER BY first_ms
                    ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
                ) AS after
            FROM counts
        )
    )
SELECT
    toString(r.channel) AS name, toUnixTimestamp64Milli(r.time) AS ms, r.value AS nano,
    r.sequence AS sequence, r.version AS version, s.facts AS facts,
    toString(r.topic) AS topic, r.kept AS kept
FROM (
    SELECT channel, time, value, sequence, version, topic, toUInt8(0) AS kept FROM readings FINAL
    WHERE device = {device:String}
        AND channel IN ('energy_kwh', 'energy_register_kwh', 'power_kw')
        AND topic != 'energyguard.corrections'
        AND time >= fromUnixTimestamp64Milli((SELECT from_ms FROM spans), 'UTC')
        AND time <= fromUnixTimestamp64Milli((SELECT until_ms FROM spans), 'UTC')
        AND toStartOfHour(time) >= toStartOfHour(fromUnixTimestamp64Milli((SELECT from_ms FROM spans), 'UTC'))
        AND toStartOfHour(time) <= fromUnixTimestamp64Milli((SELECT until_ms FROM spans), 'UTC')
        {sent}
) AS r
LEFT JOIN (
    SELECT c.channel AS channel, argMax(c.facts, toString(c.device)) AS facts  -- its own, else all's
    FROM (SELECT * FROM energy_channels FINAL WHERE device IN ({device:String}, '')) AS c
    WHERE c.facts != '' GROUP BY c.channel
) AS s
    ON r.channel = s.channel
