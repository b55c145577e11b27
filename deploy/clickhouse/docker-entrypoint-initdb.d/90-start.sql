-- The last one: from here on the queue is read, and every view that keeps something is there.
CREATE MATERIALIZED VIEW IF NOT EXISTS take TO taken AS
SELECT
    _topic AS topic, toInt32(_partition) AS partition, toInt64(_offset) AS offset,
    `_headers.name` AS names, `_headers.value` AS said, message
FROM queue;
