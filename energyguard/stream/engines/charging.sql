-- ${words}
-- Stays of cars at chargers. The view `results` is made in Python, by charging_flink.py.

SET 'pipeline.name' = '${name}';
SET 'parallelism.default' = '${parallelism}';
SET 'table.local-time-zone' = 'UTC';
SET 'state.backend.type' = '${state}';
SET 'restart-strategy.type' = 'failure-rate';
SET 'restart-strategy.failure-rate.max-failures-per-interval' = '5';
SET 'restart-strategy.failure-rate.failure-rate-interval' = '10 min';
SET 'restart-strategy.failure-rate.delay' = '5 s';
SET 'execution.checkpointing.interval' = '${interval}';
SET 'execution.checkpointing.dir' = '${checkpoints}';
SET 'execution.checkpointing.savepoint-dir' = '${savepoints}';
SET 'execution.checkpointing.externalized-checkpoint-retention' = 'RETAIN_ON_CANCELLATION';
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
  'connector' = 'kafka',
  'topic' = '${signals}',
  'properties.bootstrap.servers' = '${bootstrap}',${properties}
  'properties.group.id' = '${name}',
  'properties.isolation.level' = 'read_committed',
  'scan.startup.mode' = 'earliest-offset',
  'scan.bounded.mode' = '${bounded}',
  'scan.watermark.emit.strategy' = 'on-event',
-- [until stopped]
  'scan.watermark.idle-timeout' = '30 s',
-- [end]
  'value.format' = 'raw'
);

-- Late is judged where partitions are still apart.
CREATE TEMPORARY VIEW messages AS
SELECT
  COALESCE(${charger}, '') AS charger,
  COALESCE(message, X'') AS message,
  '${signals}/' || CAST(from_partition AS STRING) || '/' || CAST(from_offset AS STRING) AS source,
  (ts > TIMESTAMP '1970-01-01 00:00:00.000' AND ts <= CURRENT_WATERMARK(ts)) IS TRUE AS late,
  ts > TIMESTAMP '1970-01-01 00:00:00.000' AS in_time,
  ts
FROM signals;

${sinks}
EXECUTE STATEMENT SET BEGIN
${inserts}
END;
