-- Roll-ups of `charging.sql`, of the embedded history alone: a ClickHouse server reads raw rows.

-- Roll-ups: what happened at a charger in an hour, in a day. Everything counts where it began, but
-- occupied time where it was. A row is replaced as a whole by the row inserted last (rollup/charging_*).
CREATE TABLE IF NOT EXISTS charging_1h (
    charger    LowCardinality(String),
    bucket     DateTime('UTC')  CODEC(DoubleDelta, LZ4),
    stays      UInt64,                                  -- begun
    stayed_s   UInt64,                                  -- by these, until they left
    occupied_s UInt64,                                  -- in this hour, by whomever
    charges    UInt64,                                  -- begun
    timed      UInt64,                                  -- of these: those whose end is known
    charged_s  UInt64,                                  -- by those
    energy     Int64,                                   -- of the charges, 1e-9 kWh
    cents      Int64,
    no_charge  UInt64,                                  -- violations, by kind
    before     UInt64,
    after      UInt64,
    pieces     Array(Tuple(UInt16, UInt16))             -- seconds of the hour, [from, to): occupied
) ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(bucket)
ORDER BY (toStartOfDay(bucket), charger, bucket)
SETTINGS index_granularity = 4096, fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE IF NOT EXISTS charging_1d (
    charger    LowCardinality(String),
    bucket     DateTime('UTC')  CODEC(DoubleDelta, LZ4),
    stays      UInt64,
    stayed_s   UInt64,
    occupied_s UInt64,
    charges    UInt64,
    timed      UInt64,
    charged_s  UInt64,
    energy     Int64,
    cents      Int64,
    no_charge  UInt64,
    before     UInt64,
    after      UInt64
) ENGINE = ReplacingMergeTree
PARTITION BY toYear(bucket)
ORDER BY (bucket, charger)
SETTINGS index_granularity = 4096, fsync_after_insert = 1, fsync_part_directory = 1;

-- The same of all chargers together, for curves of everything.
CREATE TABLE IF NOT EXISTS charging_all_1h (
    bucket     DateTime('UTC')  CODEC(DoubleDelta, LZ4),
    stays      UInt64,
    stayed_s   UInt64,
    charges    UInt64,
    timed      UInt64,
    charged_s  UInt64,
    energy     Int64,
    cents      Int64
) ENGINE = ReplacingMergeTree
PARTITION BY toYear(bucket)
ORDER BY bucket
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE IF NOT EXISTS occupied_1h (
    source  LowCardinality(String),
    bucket  DateTime('UTC')  CODEC(DoubleDelta, LZ4),
    seconds UInt64,                                     -- that were told
    total   Int64,                                      -- of the cars in them: the mean is total / seconds
    least   Int64,
    most    Int64
) ENGINE = ReplacingMergeTree
PARTITION BY toYear(bucket)
ORDER BY (bucket, source)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- What the roll-up under way has to replace (charging_rollups.py); empty between two. Hours of the
-- curve of all cars have an empty charger.
CREATE TABLE IF NOT EXISTS charging_touched (charger String, hour DateTime('UTC')) ENGINE = Memory;
