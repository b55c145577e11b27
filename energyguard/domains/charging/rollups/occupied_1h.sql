-- Hours of the curve of all cars, from its seconds.
INSERT INTO occupied_1h
SELECT source, toStartOfHour(time) AS hour, count(), sum(occupied), min(occupied), max(occupied)
FROM occupied FINAL
WHERE time >= toDateTime({low_s:Int64}, 'UTC') AND time < toDateTime({high_s:Int64}, 'UTC')
    AND toStartOfHour(time) IN (SELECT hour FROM charging_touched WHERE charger = '')
GROUP BY source, hour
