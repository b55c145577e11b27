-- Hours of all chargers together from the hours of each: every replaced one, as a whole.
INSERT INTO charging_all_1h
SELECT
    bucket, sum(stays), sum(stayed_s), sum(charges), sum(timed), sum(charged_s), sum(energy), sum(cents)
FROM charging_1h FINAL
WHERE toStartOfDay(bucket) IN (SELECT toStartOfDay(hour) FROM charging_touched WHERE charger != '')
    AND bucket IN (SELECT hour FROM charging_touched WHERE charger != '')
GROUP BY bucket
