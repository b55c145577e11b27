-- The tables of the history: one text for chDB and for a ClickHouse server.
--
-- Raw rows are never changed. ReplacingMergeTree makes a replay idempotent: the same row twice is
-- one row. Of two readings with one identity, the one that came first in log order has the larger
-- `version` and stays. Sorting by hour first keeps what is read together near each other: a device's
-- day is 24 short runs, and the roll-up of the last minutes of all devices touches one hour only.
-- (The index knows `toStartOfHour(time)`; it does not conclude it from `time`, so questions say both.)

CREATE TABLE IF NOT EXISTS readings (
    device   LowCardinality(String),
    channel  LowCardinality(String),
    time     DateTime64(3, 'UTC')  CODEC(DoubleDelta, LZ4),
    value    Int64                 CODEC(Delta, LZ4),   -- 1e-9 of the channel's unit
    sequence Int64                 CODEC(Delta, LZ4),   -- the smallest Int64: the sender gives none
    topic    LowCardinality(String),
    version  UInt64                CODEC(Delta, LZ4)    -- largest less (offset * 2^20 + place in the record)
) ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(time)
ORDER BY (toStartOfHour(time), device, channel, time, sequence)
SETTINGS index_granularity = 4096, fsync_after_insert = 1, fsync_part_directory = 1;
