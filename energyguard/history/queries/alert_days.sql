-- question: How many rows each day has (days since 1970): of `alerts`, or of `window_alerts`.
-- columns: day integer d, alerts integer
SELECT day, count() AS alerts
FROM (
    SELECT intDiv(time_ms, 86400000) AS day
    FROM alerts FINAL
    WHERE {kind:String} = 'alerts'
    UNION ALL
    SELECT intDiv(toUnixTimestamp64Milli(window_end), 86400000) AS day
    FROM window_alerts FINAL
    WHERE {kind:String} = 'window_alerts'
)
GROUP BY day
ORDER BY day
