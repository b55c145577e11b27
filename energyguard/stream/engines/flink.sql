-- ${name}: ${text}
-- Written by `energyguard job flink ${rule_id} --emit`; for a cluster's own `sql-client.sh -f`.
-- What it means, sentence by sentence: `energyguard job explain ${rule_id}`.

SET 'pipeline.name' = '${name}';
SET 'pipeline.object-reuse' = 'true';
${settings}

-- What is refused gets the time 1970, so that it never moves the watermark. The watermark is 1 ms
-- lower than the lateness says: Flink closes a window when its last ms has passed, we at its end.
-- RAND_INTEGER(1) is always 0; the planner takes it for different each time, and so does not write
-- the whole expression out again wherever ts is used.
CREATE TEMPORARY TABLE readings (
  message BYTES,
  appended TIMESTAMP_LTZ(3) METADATA FROM 'timestamp' VIRTUAL,
  from_partition INT METADATA FROM 'partition' VIRTUAL,
  from_offset BIGINT METADATA FROM 'offset' VIRTUAL,
  arrived AS PROCTIME(),
  ts AS TIMESTAMPADD(SECOND, RAND_INTEGER(1), CASE
    WHEN ${usual}
    THEN ${usual_time}
    WHEN ${sound}
      AND ${plausible}
      AND ${in_time}
    THEN ${time}
    ELSE TIMESTAMP '1970-01-01 00:00:00.000'
  END),
  WATERMARK FOR ts AS ts - INTERVAL '${lateness}' DAY TO SECOND(3)
) WITH (
${source}
-- [until stopped]
  'scan.watermark.alignment.group' = '${name}',
  'scan.watermark.alignment.max-drift' = '${drift}',
  'scan.watermark.alignment.update-interval' = '100 ms',
-- [end]
  'value.format' = 'raw'
);

${alerts_sink}

-- Late: the last window that would hold the reading is closed where it comes in.
CREATE TEMPORARY VIEW judged AS
SELECT *, (ts > TIMESTAMP '1970-01-01 00:00:00.000' AND ts <= CURRENT_WATERMARK(ts) AND TIMESTAMPADD(
    SECOND, ${window_s} - CAST(MOD(EXTRACT(EPOCH FROM ts), ${slide_s}) AS INT), FLOOR(ts TO SECOND)
  ) <= CURRENT_WATERMARK(ts) + INTERVAL '0.001' SECOND(1, 3)) IS TRUE AS late,
  (ts > TIMESTAMP '1970-01-01 00:00:00.000' AND ${large}) IS TRUE AS implausible
FROM readings;

-- Energy in 1e-9 kWh: whole numbers, whose sum is exact in any order.
CREATE TEMPORARY VIEW counted AS
SELECT
  ${name_of} AS household_id,
  CAST(${kwh} * 1000000000 AS BIGINT) AS nano_kwh,
  ts,
  arrived${carried}
FROM judged
WHERE ts > TIMESTAMP '1970-01-01 00:00:00.000' AND NOT late AND NOT implausible;

-- [drop duplicates]
-- The first of a household and a time wins; it is known for as long as the state is kept.
SET 'table.exec.state.ttl' = '${known}';

CREATE TEMPORARY VIEW counted_once AS
SELECT household_id, nano_kwh, ts${carried}
FROM (
  SELECT *, ROW_NUMBER() OVER (PARTITION BY household_id, ts ORDER BY arrived) AS nth FROM counted
)
WHERE nth = 1;

-- [end]
-- [intervals]
-- An interval's energy is spread over its length.
CREATE TEMPORARY VIEW entries AS
SELECT
  household_id,
  nano_kwh AS energy,
  ${ms} - ${stamp_is_end} * ${length} AS since_ms,
  ${length} AS length_ms,
  ts
FROM ${counted};

-- [end]
-- [registers]
-- A register's difference is spread over the time since the reading before it.
CREATE TEMPORARY VIEW registers AS
SELECT household_id, nano_kwh, ${ms} AS ms, ts${carried} FROM ${counted};

CREATE TEMPORARY VIEW steps AS
SELECT
  *,
  LAG(nano_kwh) OVER (PARTITION BY household_id ORDER BY ts) AS nano_before,
  LAG(ms) OVER (PARTITION BY household_id ORDER BY ts) AS since_ms
FROM registers;

CREATE TEMPORARY VIEW judged_steps AS
SELECT
  household_id,
  nano_kwh - nano_before AS energy,
  since_ms,
  ms - since_ms AS length_ms,
  ts${carried},
  CASE
    WHEN nano_kwh < nano_before
      THEN 'the register went back: what was used in this step is not counted'
    WHEN since_ms IS NULL OR ms - since_ms > ${step} THEN 'no reading in ${step} ms before it'
    WHEN nano_kwh - nano_before > (${largest} * (ms - since_ms) * 5 + 17) / 18
      THEN 'more than the largest plausible power uses in this step'
  END AS why
FROM steps;

CREATE TEMPORARY VIEW entries AS
SELECT household_id, energy, since_ms, length_ms, ts FROM judged_steps WHERE why IS NULL;

-- [end]
-- [spread]
-- A window of Flink is longer than that of the rule: readings before and behind may speak of it.
CREATE TEMPORARY VIEW sums AS
SELECT
  household_id,
  window_start + INTERVAL '${before}' DAY TO SECOND(3) AS window_start,
  window_end - INTERVAL '${after}' DAY TO SECOND(3) AS window_end,
  nano_kwh
FROM (
  SELECT household_id, window_start, window_end, SUM(${inside}) AS nano_kwh
  FROM HOP(
    TABLE entries,
    DESCRIPTOR(ts),
    INTERVAL '${slide}' DAY TO SECOND(3),
    INTERVAL '${window}' DAY TO SECOND(3)
  )
  GROUP BY household_id, window_start, window_end
);

-- [end]
-- [points]
CREATE TEMPORARY VIEW sums AS
SELECT household_id, window_start, window_end, SUM(nano_kwh) AS nano_kwh
FROM HOP(
  TABLE ${counted},
  DESCRIPTOR(ts),
  INTERVAL '${slide}' DAY TO SECOND(3),
  INTERVAL '${window}' DAY TO SECOND(3)
)
GROUP BY household_id, window_start, window_end;

-- [end]
-- [dead letters]
${dead_letters_sink}

CREATE TEMPORARY VIEW refused AS
SELECT
  message,
  from_partition,
  from_offset,
  CAST(NULL AS STRING) AS why,
  CASE
    WHEN late THEN 'late'
    WHEN implausible THEN 'implausible'
    WHEN (${sound}) IS NOT TRUE THEN 'malformed'
    WHEN ${plausible} IS NOT TRUE THEN 'out-of-range'
    ELSE 'ahead'
  END AS verdict
FROM judged
WHERE late OR implausible OR ts = TIMESTAMP '1970-01-01 00:00:00.000'
-- [uncounted]
UNION ALL
SELECT message, from_partition, from_offset, why, 'implausible' AS verdict
FROM judged_steps
WHERE why IS NOT NULL
-- [end]
;

-- [end]
EXECUTE STATEMENT SET BEGIN
-- [dead letters]
INSERT INTO dead_letters
SELECT
  COALESCE(message, X''),
  MAP[
    'verdict', ENCODE(verdict, 'UTF-8'),
    'field', ENCODE(CASE verdict
      WHEN 'malformed' THEN 'row'
      WHEN 'out-of-range' THEN '${channel}'
      WHEN 'implausible' THEN '${channel}'
      ELSE 'timestamp'
    END, 'UTF-8'),
    'reason', ENCODE(COALESCE(why, CASE verdict
      WHEN 'late' THEN 'every window that would hold it is closed'
      WHEN 'malformed' THEN 'not a reading: timestamp, household_id, ${channel}'
      WHEN 'out-of-range' THEN '${channel} is out of range'
      WHEN 'implausible' THEN '${channel} is more than the largest plausible power uses'
      ELSE 'timestamp is ahead of the time of the append'
    END), 'UTF-8'),
    'row', ENCODE('1', 'UTF-8'),
    'source', ENCODE('${source_topic}/' || CAST(from_partition AS STRING)
      || '/' || CAST(from_offset AS STRING), 'UTF-8'),
    'topic', ENCODE('${source_topic}', 'UTF-8'),
    'shape', ENCODE('${shape}', 'UTF-8')
  ]
FROM refused;
-- [end]
INSERT INTO alerts
SELECT
  household_id,
  '${before_household_id}"' || REPLACE(household_id, '\', '\\')
    || '"${before_window_start}"' || DATE_FORMAT(window_start, 'yyyy-MM-dd HH:mm:ss')
    || '"${before_window_end}"' || DATE_FORMAT(window_end, 'yyyy-MM-dd HH:mm:ss')
    || '"${before_kwh}' || TRIM(TRAILING '.' FROM TRIM(TRAILING '0' FROM CAST(
      CAST(nano_kwh AS DECIMAL(19, 0)) * 0.000000001 AS STRING)))
    || ',${record_end}',
  MAP['id', ENCODE('${rule_id}/' || household_id || '/'
    || CAST(EXTRACT(EPOCH FROM window_end) * 1000 AS STRING), 'UTF-8')]
FROM sums
WHERE nano_kwh > ${raise_above}${span};
END;
