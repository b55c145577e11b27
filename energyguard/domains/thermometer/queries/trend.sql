-- question: A channel's mean in a range, and its trend: the slope of the least-squares line in
--   units per hour, and the slope's standard error, sqrt((Syy - b Sxy) / ((n - 2) Sxx)); null where
--   there are too few readings for it. Times count from the middle of the range, so that no digits
--   are lost.
-- columns: readings integer, mean number?, lowest number?, highest number?, slope number?,
--   error number?
-- column slope: Of the least-squares line, per hour.
-- column error: The slope's standard error.
-- row: Trend: A channel in a range; in its unit. Null: too few readings to tell.
-- rest: trend /trend: Mean and trend of a device's channel: the line of least squares through its
--   readings.
-- answer: one
-- cli: trend: Show a channel's mean, and its slope per hour with the standard error of that.
-- parameter device: text = ! / thermometer argument | | A device.
-- parameter channel: text = temperature_c | | What it measures.
-- range: 1h
SELECT
    n AS readings,
    if(n > 0, mean_y, NULL) AS mean,
    if(n > 0, least, NULL) AS lowest,
    if(n > 0, most, NULL) AS highest,
    if(n > 1 AND sxx > 0, sxy / sxx, NULL) AS slope,
    if(n > 2 AND sxx > 0, sqrt(greatest(syy - sxy * sxy / sxx, 0) / ((n - 2) * sxx)), NULL) AS error
FROM (
    SELECT
        count() AS n, avg(y) AS mean_y, min(y) AS least, max(y) AS most,
        varPop(x) * n AS sxx, varPop(y) * n AS syy, covarPop(x, y) * n AS sxy
    FROM (
        SELECT
            (toUnixTimestamp64Milli(time) - intDiv({start_ms:Int64} + {end_ms:Int64}, 2)) / 3600000 AS x,
            value / 1e9 AS y
        FROM readings FINAL
        WHERE topic != 'energyguard.corrections'
            AND device = {device:String} AND channel = {channel:String}
            AND time >= fromUnixTimestamp64Milli({start_ms:Int64}, 'UTC')
            AND time < fromUnixTimestamp64Milli({end_ms:Int64}, 'UTC')
            AND toStartOfHour(time) >= toStartOfHour(fromUnixTimestamp64Milli({start_ms:Int64}, 'UTC'))
            AND toStartOfHour(time) < fromUnixTimestamp64Milli({end_ms:Int64}, 'UTC')
    )
)
