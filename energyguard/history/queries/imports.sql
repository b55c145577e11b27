-- question: The imports of files, the newest first: which file, who brought it, when, how many
--   readings, or rows of a domain's table, from when to when; into which topic.
-- columns: id text, file text, by text, at time, readings integer, first time, last time,
--   topic text
SELECT
    toString(import_id) AS id, toString(any(file)) AS file, toString(any(by)) AS by,
    fromUnixTimestamp64Milli(min(at_ms), 'UTC') AS at, toInt64(sum(readings)) AS readings,
    fromUnixTimestamp64Milli(min(first_ms), 'UTC') AS first,
    fromUnixTimestamp64Milli(max(last_ms), 'UTC') AS last,
    toString(any(topic)) AS topic
FROM import_records FINAL
GROUP BY import_id
ORDER BY min(at_ms) DESC
LIMIT {limit:UInt32}
