-- The parts of long entries in minutes: F(end of the minute) - F(its start), where
-- F(t) = s * floor(|E| * (t - from) / (to - from)), s the sign of E; |E| = q * (to - from) + m.
-- A row has a day of an entry; from the start of that on, floor((m * x + carry) / (to - from)).
SELECT
    device, channel, toDateTime(minute * 60, 'UTC') AS bucket,
    sign(energy) * (
        q * (until - since) + intDiv(m * (until - start_ms) + carry, length)
        - intDiv(m * (since - start_ms) + carry, length)
    ) AS kwh,
    toUInt64(0) AS counted, toFloat64(0) AS total
FROM (
    SELECT
        device, channel, start_ms, end_ms, energy, length, carry,
        intDiv(toInt64(abs(energy)), length) AS q, toInt64(abs(energy)) % length AS m,
        greatest(start_ms, toInt64({low})) AS first_ms, least(end_ms, toInt64({high})) AS last_ms,
        arrayJoin(range(intDiv(first_ms, 60000), intDiv(last_ms - 1, 60000) + 1)) AS minute,
        greatest(start_ms, minute * 60000) AS since, least(end_ms, (minute + 1) * 60000) AS until
    FROM long_entries FINAL
    PREWHERE day IN ({days}) AND ({among})
    WHERE end_ms > greatest(start_ms, toInt64({low})) AND start_ms < {high}
)
WHERE {pieces}
