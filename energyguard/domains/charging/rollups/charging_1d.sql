-- Days of chargers from their hours: every day that holds a replaced hour, as a whole.
INSERT INTO charging_1d (
    charger, bucket, stays, stayed_s, occupied_s, charges, timed, charged_s,
    energy, cents, no_charge, before, after, to_whole, to_thousandth
)
SELECT
    charger, toStartOfDay(bucket) AS day,
    sum(stays), sum(stayed_s), sum(occupied_s), sum(charges), sum(timed), sum(charged_s),
    sum(energy), sum(cents), sum(no_charge), sum(before), sum(after),
    sum(to_whole), sum(to_thousandth)
FROM charging_1h FINAL
WHERE toStartOfDay(bucket) IN (SELECT toStartOfDay(hour) FROM charging_touched)
    AND (charger, toStartOfDay(bucket)) IN (
        SELECT charger, toStartOfDay(hour) FROM charging_touched
    )
GROUP BY charger, day
