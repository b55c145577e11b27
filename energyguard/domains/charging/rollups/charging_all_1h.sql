-- Hours of all chargers together from the hours of each: every replaced one, as a whole.
INSERT INTO charging_all_1h (
    bucket, stays, stayed_s, charges, timed, charged_s, energy, cents, to_whole, to_thousandth
)
SELECT
    bucket, sum(stays), sum(stayed_s), sum(charges), sum(timed), sum(charged_s), sum(energy), sum(cents),
    sum(to_whole), sum(to_thousandth)
FROM charging_1h FINAL
WHERE toStartOfDay(bucket) IN (SELECT toStartOfDay(hour) FROM charging_touched WHERE charger != '')
    AND bucket IN (SELECT hour FROM charging_touched WHERE charger != '')
GROUP BY bucket
