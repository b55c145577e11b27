-- question: Which records of the log an import of a file brought.
-- columns: topic text, partition integer, offset integer
SELECT toString(topic) AS topic, toInt64(partition) AS partition, offset
FROM import_records FINAL
WHERE import_id = {import_id:String}
ORDER BY topic, partition, offset
