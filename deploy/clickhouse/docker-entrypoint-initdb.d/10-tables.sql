-- The raw tables of the history, as the embedded one has them: written by `make docs` from
-- energyguard/records/. People stand in them under pseudonyms (20-people.sql).

-- Readings. Of two with one identity, the first in log order has the larger version and stays.
CREATE TABLE IF NOT EXISTS readings (
    device   LowCardinality(String),
    channel  LowCardinality(String),
    time     DateTime64(3, 'UTC') CODEC(DoubleDelta, LZ4),
    value    Int64 CODEC(Delta, LZ4),  -- 1e-9 of the channel's unit
    sequence Int64 CODEC(Delta, LZ4),  -- the smallest Int64: the sender gives none
    topic    LowCardinality(String),
    version  UInt64 CODEC(Delta, LZ4)  -- largest less (offset * 2^20 + place)
) ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(time)
ORDER BY (toStartOfHour(time), device, channel, time, sequence)
SETTINGS index_granularity = 4096, fsync_after_insert = 1, fsync_part_directory = 1;

-- The records of `energy_alerts`: one per window over a threshold.
CREATE TABLE IF NOT EXISTS window_alerts (
    id           String,
    device       LowCardinality(String),
    window_start DateTime64(3, 'UTC'),
    window_end   DateTime64(3, 'UTC'),
    kwh          Int64,  -- 1e-9 kWh
    rule         LowCardinality(String),
    mode         LowCardinality(String)
) ENGINE = ReplacingMergeTree
ORDER BY (window_end, id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- Every change of every alert.
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
    about           String,  -- says the reason, too
    reason          LowCardinality(String),  -- why it is resolved, where no window says so
    restated        Int64,  -- 0: as the worker said it; above: said anew
    offset          Int64  -- in its partition: the order of what is of one time
) ENGINE = ReplacingMergeTree
ORDER BY (id, state, time_ms)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- Readings that no window counted: late, duplicate, conflicting, ahead.
CREATE TABLE IF NOT EXISTS late (
    topic     LowCardinality(String),
    partition Int32,
    offset    Int64,
    place     Int32,  -- of the reading in the late record
    verdict   LowCardinality(String),
    device    LowCardinality(String),
    channel   LowCardinality(String),
    time_ms   Int64,
    value     Int64,  -- 1e-9 of the channel's unit
    sequence  Int64  -- the smallest Int64: the sender gives none
) ENGINE = ReplacingMergeTree
ORDER BY (topic, partition, offset, place)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- What people say of readings; which of it holds, `undoes` says.
CREATE TABLE IF NOT EXISTS corrections (
    id        String,
    device    LowCardinality(String),
    channel   LowCardinality(String),
    start_ms  Int64,
    end_ms    Int64,
    value     String,
    import_id String,
    undoes    String,
    by        String,
    at_ms     Int64,  -- wall time
    why       String,
    offset    Int64  -- in the topic: later ones count before earlier
) ENGINE = ReplacingMergeTree
ORDER BY (id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- Raw signals of chargers, every one that could be read, also those that changed nothing.
CREATE TABLE IF NOT EXISTS signals (
    topic     LowCardinality(String),
    partition Int32,
    offset    Int64 CODEC(Delta, LZ4),
    charger   LowCardinality(String),
    time      DateTime('UTC') CODEC(DoubleDelta, LZ4),
    kind      LowCardinality(String),  -- arrive, connect, start, stop, disconnect, leave
    who       String,  -- pseudonym of a plate or of a user; empty: none
    value     Int64,  -- of a user: the price, of a start: the power in kW; 1e-9
    register  Nullable(Int64)  -- 1e-9 kWh, where the charger sends it
) ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(time)
ORDER BY (toStartOfDay(time), charger, time, topic, partition, offset)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- Cars that stood at a charger and are gone: `full-sessions`, and what was imported.
CREATE TABLE IF NOT EXISTS stays (
    id               String,
    source           LowCardinality(String),  -- the topic of its signals, or of which export it is
    charger          LowCardinality(String),
    start_parking    DateTime('UTC') CODEC(DoubleDelta, LZ4),
    plate            String,  -- pseudonyms; empty: not known
    start_session    Nullable(DateTime('UTC')),
    user             String,
    price            Nullable(Int64),  -- 1e-9 of the currency/kWh
    start_recharging Nullable(DateTime('UTC')),
    power            Nullable(Int64),  -- 1e-9 kW
    end_recharging   Nullable(DateTime('UTC')),
    end_session      Nullable(DateTime('UTC')),
    end_parking      DateTime('UTC'),
    quality          LowCardinality(String),  -- complete, or what was inferred and why
    revision         UInt64,  -- of rows with one id the highest counts; imports begin with 0
    withdrawn        UInt8,  -- 1: there is no such row any more
    INDEX ends end_parking TYPE minmax GRANULARITY 1
) ENGINE = ReplacingMergeTree(revision, withdrawn)
PARTITION BY toYYYYMM(start_parking)
ORDER BY (toStartOfDay(start_parking), charger, start_parking, id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- Limits that cars broke: `violations`.
CREATE TABLE IF NOT EXISTS violations (
    id            String,
    stay          String,
    source        LowCardinality(String),
    charger       LowCardinality(String),
    time          DateTime('UTC') CODEC(DoubleDelta, LZ4),
    kind          LowCardinality(String),
    plate         String,
    user          String,
    start_parking DateTime('UTC'),
    start_session Nullable(DateTime('UTC')),
    end_session   Nullable(DateTime('UTC')),
    end_parking   Nullable(DateTime('UTC')),
    revision      UInt64,  -- of rows with one id the highest counts; imports begin with 0
    withdrawn     UInt8  -- 1: there is no such row any more
) ENGINE = ReplacingMergeTree(revision, withdrawn)
PARTITION BY toYYYYMM(time)
ORDER BY (toStartOfDay(time), charger, time, id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- How many cars stood at the end of each second: `total-occupied`.
CREATE TABLE IF NOT EXISTS occupied (
    source   LowCardinality(String),  -- the topic of the signals: a region, say
    time     DateTime('UTC') CODEC(DoubleDelta, LZ4),
    occupied Int64 CODEC(Delta, LZ4)
) ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(time)
ORDER BY (time, source)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- Charges that are paid: `transaction-profit`, and what was imported.
CREATE TABLE IF NOT EXISTS charges (
    id            String,
    stay          String,
    source        LowCardinality(String),
    charger       LowCardinality(String),
    user          String,
    start         DateTime('UTC') CODEC(DoubleDelta, LZ4),
    end           Nullable(DateTime('UTC')),  -- where an export does not tell it: null
    energy        Int64,  -- 1e-9 kWh
    cents         Int64,  -- 0.01 of the currency
    revision      UInt64,  -- of rows with one id the highest counts; imports begin with 0
    withdrawn     UInt8,  -- 1: there is no such row any more
    to_whole      Int64,  -- 0.001 of the currency: with cents the bill in whole units
    to_thousandth Int64,  -- the same: with cents the bill in thousandths
    INDEX ends ifNull(end, start) TYPE minmax GRANULARITY 1
) ENGINE = ReplacingMergeTree(revision, withdrawn)
PARTITION BY toYYYYMM(start)
ORDER BY (toStartOfDay(start), charger, start, id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- Cars that stand at a charger now: `energyguard.bays`. Of several rows the newest counts.
CREATE TABLE IF NOT EXISTS standing (
    charger       String,
    source        LowCardinality(String),  -- the topic of its signals
    since         DateTime('UTC'),  -- when its state changed
    start_parking Nullable(DateTime('UTC'))  -- when the car came; null: none is there
) ENGINE = ReplacingMergeTree(since)
ORDER BY charger
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- The chargers that there are: `energyguard.chargers`; of several rows the last one counts.
CREATE TABLE IF NOT EXISTS chargers (
    charger   String,
    station   String,
    latitude  Nullable(Float64),
    longitude Nullable(Float64),
    rating_kw Nullable(Float64),
    topic     String
) ENGINE = ReplacingMergeTree
ORDER BY charger
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- Which records imports of files brought.
CREATE TABLE IF NOT EXISTS import_records (
    import_id LowCardinality(String),
    topic     LowCardinality(String),
    partition Int32,
    offset    Int64,
    file      LowCardinality(String),
    by        LowCardinality(String),
    at_ms     Int64,  -- of the append
    readings  Int64,
    first_ms  Int64,  -- the oldest reading
    last_ms   Int64  -- the newest
) ENGINE = ReplacingMergeTree
ORDER BY (import_id, topic, partition, offset)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- Where homes stand, and in which group each counts: `energyguard.places`; the last row holds.
CREATE TABLE IF NOT EXISTS places (
    device      String,
    region      LowCardinality(String),  -- ISO 3166-2; empty: not counted
    postal_code String,
    home_group  String,  -- its homes are shown together or not at all
    group_size  Int64,  -- how many homes the group has when it is whole
    from_ms     Int64  -- from when on it counts in the group, event time
) ENGINE = ReplacingMergeTree
ORDER BY device
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;
