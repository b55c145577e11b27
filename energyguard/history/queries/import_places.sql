-- question: Which records of the log an import of a file brought, with readings from when to when.
-- columns: topic text, partition integer, offset integer, first_ms integer ms, last_ms integer ms
SELECT toString(topic) AS topic, toInt64(partition) AS partition, offset, first_ms, last_ms
FROM import_records FINAL
WHERE import_id = {import_id:String}
ORDER BY topic, partition, offset
