-- ${words}
-- Stays of cars at chargers. The view `results` is made in Python, by charging_flink.py.

SET 'pipeline.name' = '${name}';
${settings}
SET 'python.files' = '${package}';
SET 'python.executable' = '${python}';
SET 'python.client.executable' = '${python}';
SET 'python.fn-execution.bundle.time' = '200';

-- What is refused gets the time 1970, so that it never moves the watermark. RAND_INTEGER(1) is
-- always 0: see flink.sql.
CREATE TEMPORARY TABLE signals (
  message BYTES,
  appended TIMESTAMP_LTZ(3) METADATA FROM 'timestamp' VIRTUAL,
  from_partition INT METADATA FROM 'partition' VIRTUAL,
  from_offset BIGINT METADATA FROM 'offset' VIRTUAL,
  ts AS TIMESTAMPADD(SECOND, RAND_INTEGER(1), CASE
    WHEN ${sound} AND ${in_time}
    THEN ${time}
    ELSE TIMESTAMP '1970-01-01 00:00:00.000'
  END),
  WATERMARK FOR ts AS ts - INTERVAL '${lateness}' DAY TO SECOND(3)
) WITH (
${source}
  'value.format' = 'raw'
);

-- Late is judged where partitions are still apart.
CREATE TEMPORARY VIEW messages AS
SELECT
  COALESCE(${charger}, '') AS charger,
  COALESCE(message, X'') AS message,
  '${source_topic}/' || CAST(from_partition AS STRING) || '/' || CAST(from_offset AS STRING) AS source,
  (ts > TIMESTAMP '1970-01-01 00:00:00.000' AND ts <= CURRENT_WATERMARK(ts)) IS TRUE AS late,
  ts > TIMESTAMP '1970-01-01 00:00:00.000' AS in_time,
  ts
FROM signals;

${sinks}
EXECUTE STATEMENT SET BEGIN
${inserts}
END;
