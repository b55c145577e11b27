-- The other tables of the embedded history; `readings.sql` says how they are kept.

-- Readings that no window counted, as the worker judged them (late, duplicate, conflicting, ahead).
CREATE TABLE IF NOT EXISTS late (
    topic     LowCardinality(String),
    partition Int32,
    offset    Int64,
    place     Int32,                                    -- of the reading in the late record
    verdict   LowCardinality(String),
    device    LowCardinality(String),
    channel   LowCardinality(String),
    time_ms   Int64,
    value     Int64,
    sequence  Int64
) ENGINE = ReplacingMergeTree
ORDER BY (topic, partition, offset, place)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- Every change of every alert: the columns of AlertEvent.
CREATE TABLE IF NOT EXISTS alerts (
    id              String,
    rule            LowCardinality(String),
    device          LowCardinality(String),
    channel         LowCardinality(String),
    severity        LowCardinality(String),
    state           LowCardinality(String),
    time_ms         Int64,
    since_ms        Int64,
    window_start_ms Int64,
    window_end_ms   Int64,
    observed        Int64,
    expected        Int64,
    peak            Int64,
    unit            LowCardinality(String),
    topic           LowCardinality(String),
    about           String
) ENGINE = ReplacingMergeTree
ORDER BY (id, state, time_ms)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- The records of `energy_alerts`: one per window over a threshold.
CREATE TABLE IF NOT EXISTS window_alerts (
    id           String,
    device       LowCardinality(String),
    window_start DateTime64(3, 'UTC'),
    window_end   DateTime64(3, 'UTC'),
    kwh          Int64,                                 -- 1e-9 kWh
    rule         LowCardinality(String),
    mode         LowCardinality(String)
) ENGINE = ReplacingMergeTree
ORDER BY (window_end, id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- Roll-ups: what a device's channel did in a bucket of time. A row is replaced as a whole by the
-- row inserted last; nothing is ever added to one (rollup/*.sql).
CREATE TABLE IF NOT EXISTS rollup_1m (
    device   LowCardinality(String),
    channel  LowCardinality(String),
    bucket   DateTime('UTC')     CODEC(DoubleDelta, LZ4),
    topic    LowCardinality(String),
    kwh      Int64,                                     -- 1e-9 kWh; 0 for channels without energy
    counted  UInt64,
    first_ms Int64,
    last_ms  Int64,
    first    Int64,
    last     Int64,
    lowest   Int64,
    highest  Int64,
    total    Float64                                    -- of the values: the mean is total / readings
) ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(bucket)
ORDER BY (toStartOfHour(bucket), device, channel, bucket)
SETTINGS index_granularity = 4096, fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE IF NOT EXISTS rollup_15m AS rollup_1m ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(bucket)
ORDER BY (toStartOfDay(bucket), device, channel, bucket)
SETTINGS index_granularity = 4096, fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE IF NOT EXISTS rollup_1h AS rollup_1m ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(bucket)
ORDER BY (toStartOfDay(bucket), device, channel, bucket)
SETTINGS index_granularity = 4096, fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE IF NOT EXISTS rollup_1d AS rollup_1m ENGINE = ReplacingMergeTree
PARTITION BY toYear(bucket)
ORDER BY (device, channel, bucket)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- What the roll-up under way has to replace (rollups.py); empty between two.
CREATE TABLE IF NOT EXISTS touched (
    device String, channel String, kind String, lo_ms Int64, hi_ms Int64
) ENGINE = Memory;

CREATE TABLE IF NOT EXISTS spans (
    device String, channel String, kind String,
    read_from Int64, read_to Int64, from_ms Int64, to_ms Int64
) ENGINE = Memory;
