== 10-tables.sql
CREATE TABLE IF NOT EXISTS readings (
    device   LowCardinality(String),
    channel  LowCardinality(String),
    time     DateTime64(3, 'UTC') CODEC(DoubleDelta, LZ4),
    value    Int64 CODEC(Delta, LZ4),
    sequence Int64 CODEC(Delta, LZ4),
    topic    LowCardinality(String),
    version  UInt64 CODEC(Delta, LZ4)
) ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(time)
ORDER BY (toStartOfHour(time), device, channel, time, sequence)
SETTINGS index_granularity = 4096, fsync_after_insert = 1, fsync_part_directory = 1;
CREATE TABLE IF NOT EXISTS window_alerts (
    id           String,
    device       LowCardinality(String),
    window_start DateTime64(3, 'UTC'),
    window_end   DateTime64(3, 'UTC'),
    kwh          Int64,
    rule         LowCardinality(String),
    mode         LowCardinality(String)
) ENGINE = ReplacingMergeTree
ORDER BY (window_end, id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;
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
    about           String,
    reason          LowCardinality(String),
    restated        Int64,
    offset          Int64
) ENGINE = ReplacingMergeTree
ORDER BY (id, state, time_ms)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;
CREATE TABLE IF NOT EXISTS late (
    topic     LowCardinality(String),
    partition Int32,
    offset    Int64,
    place     Int32,
    verdict   LowCardinality(String),
    device    LowCardinality(String),
    channel   LowCardinality(String),
    time_ms   Int64,
    value     Int64,
    sequence  Int64
) ENGINE = ReplacingMergeTree
ORDER BY (topic, partition, offset, place)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;
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
    at_ms     Int64,
    why       String,
    offset    Int64
) ENGINE = ReplacingMergeTree
ORDER BY (id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;
CREATE TABLE IF NOT EXISTS signals (
    topic     LowCardinality(String),
    partition Int32,
    offset    Int64 CODEC(Delta, LZ4),
    charger   LowCardinality(String),
    time      DateTime('UTC') CODEC(DoubleDelta, LZ4),
    kind      LowCardinality(String),
    who       String,
    value     Int64,
    register  Nullable(Int64)
) ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(time)
ORDER BY (toStartOfDay(time), charger, time, topic, partition, offset)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;
CREATE TABLE IF NOT EXISTS stays (
    id               String,
    source           LowCardinality(String),
    charger          LowCardinality(String),
    start_parking    DateTime('UTC') CODEC(DoubleDelta, LZ4),
    plate            String,
    start_session    Nullable(DateTime('UTC')),
    user             String,
    price            Nullable(Int64),
    start_recharging Nullable(DateTime('UTC')),
    power            Nullable(Int64),
    end_recharging   Nullable(DateTime('UTC')),
    end_session      Nullable(DateTime('UTC')),
    end_parking      DateTime('UTC'),
    quality          LowCardinality(String),
    revision         UInt64,
    withdrawn        UInt8,
    INDEX ends end_parking TYPE minmax GRANULARITY 1
) ENGINE = ReplacingMergeTree(revision, withdrawn)
PARTITION BY toYYYYMM(start_parking)
ORDER BY (toStartOfDay(start_parking), charger, start_parking, id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;
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
    revision      UInt64,
    withdrawn     UInt8
) ENGINE = ReplacingMergeTree(revision, withdrawn)
PARTITION BY toYYYYMM(time)
ORDER BY (toStartOfDay(time), charger, time, id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;
CREATE TABLE IF NOT EXISTS occupied (
    source   LowCardinality(String),
    time     DateTime('UTC') CODEC(DoubleDelta, LZ4),
    occupied Int64 CODEC(Delta, LZ4)
) ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(time)
ORDER BY (time, source)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;
CREATE TABLE IF NOT EXISTS charges (
    id            String,
    stay          String,
    source        LowCardinality(String),
    charger       LowCardinality(String),
    user          String,
    start         DateTime('UTC') CODEC(DoubleDelta, LZ4),
    end           Nullable(DateTime('UTC')),
    energy        Int64,
    cents         Int64,
    revision      UInt64,
    withdrawn     UInt8,
    to_whole      Int64,
    to_thousandth Int64,
    INDEX ends ifNull(end, start) TYPE minmax GRANULARITY 1
) ENGINE = ReplacingMergeTree(revision, withdrawn)
PARTITION BY toYYYYMM(start)
ORDER BY (toStartOfDay(start), charger, start, id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;
CREATE TABLE IF NOT EXISTS standing (
    charger       String,
    source        LowCardinality(String),
    since         DateTime('UTC'),
    start_parking Nullable(DateTime('UTC'))
) ENGINE = ReplacingMergeTree(since)
ORDER BY charger
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;
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
CREATE TABLE IF NOT EXISTS import_records (
    import_id LowCardinality(String),
    topic     LowCardinality(String),
    partition Int32,
    offset    Int64,
    file      LowCardinality(String),
    by        LowCardinality(String),
    at_ms     Int64,
    readings  Int64,
    first_ms  Int64,
    last_ms   Int64
) ENGINE = ReplacingMergeTree
ORDER BY (import_id, topic, partition, offset)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;
CREATE TABLE IF NOT EXISTS places (
    device      String,
    region      LowCardinality(String),
    postal_code String,
    home_group  String,
    group_size  Int64,
    from_ms     Int64
) ENGINE = ReplacingMergeTree
ORDER BY device
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;
== 20-people.sql
CREATE TABLE IF NOT EXISTS people_key (key FixedString(64)) ENGINE = MergeTree ORDER BY tuple();
CREATE FUNCTION IF NOT EXISTS pseudonym AS name -> if(name = '', '', lower(base32Encode(substring(
    SHA256(concat(
        bitXor((SELECT any(key) FROM people_key), toFixedString(repeat('\\', 64), 64)),
        SHA256(concat(bitXor((SELECT any(key) FROM people_key), toFixedString(repeat('6', 64), 64)), name))
    )), 1, 10))));
CREATE TABLE IF NOT EXISTS signals_as_sent (
    topic     LowCardinality(String),
    partition Int32,
    offset    Int64,
    charger   LowCardinality(String),
    time      DateTime('UTC'),
    kind      LowCardinality(String),
    who       String TTL time + INTERVAL 30 DAY,
    message   String TTL time + INTERVAL 30 DAY
) ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(time)
ORDER BY (toStartOfDay(time), charger, time, topic, partition, offset);
CREATE TABLE IF NOT EXISTS refused (
    topic     LowCardinality(String),
    partition Int32,
    offset    Int64,
    taken     DateTime('UTC') DEFAULT now(),
    reason    String,
    message   String
) ENGINE = ReplacingMergeTree
ORDER BY (topic, partition, offset)
TTL taken + INTERVAL 30 DAY;
CREATE VIEW IF NOT EXISTS people AS
SELECT DISTINCT pseudonym(who) AS pseudonym, who FROM signals_as_sent WHERE who != '';
== 25-people-key.sh
#!/bin/bash
key=$(od -An -v -tx1 -N32 /dev/urandom | tr -d ' \n')
clickhouse-client --param_key="$key" --query "
    INSERT INTO people_key
    SELECT toFixedString(unhex({key:String}), 64) WHERE (SELECT count() FROM people_key) = 0"
== 26-raw-messages.sh
#!/bin/bash
if [ "$RAW_MESSAGES" = forever ]; then
    clickhouse-client --query "
        ALTER TABLE signals_as_sent
            MODIFY COLUMN who REMOVE TTL, MODIFY COLUMN message REMOVE TTL"
fi
== 30-queue.sql
CREATE TABLE IF NOT EXISTS queue (message String) ENGINE = Kafka(brokers)
SETTINGS
    kafka_topic_list = 'charger-station-signals,full-sessions,full-sessions.restated,violations,violations.restated,transaction-profit,transaction-profit.restated,total-occupied,energyguard.bays,energyguard.chargers,energyguard.sessions,topic-test',
    kafka_format = 'RawBLOB',
    kafka_flush_interval_ms = 500,
    kafka_max_block_size = 65536;
CREATE TABLE IF NOT EXISTS taken (
    topic     LowCardinality(String),
    partition Int32,
    offset    Int64,
    names     Array(String),
    said      Array(String),
    message   String
) ENGINE = Null;
CREATE FUNCTION IF NOT EXISTS header AS (names, said, name) -> said[indexOf(names, name)];
CREATE FUNCTION IF NOT EXISTS second_of AS text -> if(
    toString(toDateTimeOrNull(text, 'UTC')) = text AND text >= '2000' AND text < '2100',
    toDateTimeOrNull(text, 'UTC'), NULL);
CREATE FUNCTION IF NOT EXISTS east_of AS text -> (
    extract(text, '([+-][0-9]{2}:?[0-9]{0,2})$') AS zone, replaceAll(substring(zone, 2), ':', '') AS digits,
    if(startsWith(zone, '-'), -60, 60)
        * (toInt32OrZero(substring(digits, 1, 2)) * 60 + toInt32OrZero(substring(digits, 3, 2)))).3;
CREATE FUNCTION IF NOT EXISTS instant_of AS text -> if(
    match(text, '^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,9})?)?([Zz]|[+-][0-9]{2}(:?[0-9]{2})?)?$'),
    second_of(concat(
        substring(text, 1, 10), ' ', substring(text, 12, 5),
        if(substring(text, 17, 1) = ':', substring(text, 17, 3), ':00'))) - toIntervalSecond(east_of(text)),
    NULL);
CREATE FUNCTION IF NOT EXISTS word_of AS (message, field) -> if(
    JSONType(message, field) IN ('Int64', 'UInt64'), JSONExtractRaw(message, field), JSONExtractString(message, field));
CREATE FUNCTION IF NOT EXISTS nano AS (message, field) -> reinterpretAsInt64(toDecimal64OrNull(
    extract(message, concat('"', field, '"[[:space:]]*:[[:space:]]*"?([^,}"[:space:]]+)')), 9));
== 40-signals.sql
CREATE TABLE IF NOT EXISTS read_signals (
    topic     LowCardinality(String),
    partition Int32,
    offset    Int64,
    message   String,
    charger   String,
    time      Nullable(DateTime('UTC')),
    kind      LowCardinality(String),
    person    String,
    value     Nullable(Int64),
    register  Nullable(Int64),
    fault     String
) ENGINE = Null;
CREATE MATERIALIZED VIEW IF NOT EXISTS keep_signals TO signals AS
SELECT
    topic, partition, offset, charger, assumeNotNull(time) AS time, kind, pseudonym(person) AS who,
    ifNull(value, 0) AS value, register
FROM read_signals
WHERE fault = '';
CREATE MATERIALIZED VIEW IF NOT EXISTS keep_signals_as_sent TO signals_as_sent AS
SELECT topic, partition, offset, charger, assumeNotNull(time) AS time, kind, person AS who, message
FROM read_signals
WHERE fault = '';
CREATE MATERIALIZED VIEW IF NOT EXISTS keep_refused_signals TO refused AS
SELECT topic, partition, offset, fault AS reason, message
FROM read_signals
WHERE fault != '';
CREATE MATERIALIZED VIEW IF NOT EXISTS tell_signals_apart TO read_signals AS
WITH
    JSONHas(message, 'vehicle_detected') AS parking,
    JSONHas(message, 'user_connection') AS user,
    JSONHas(message, 'recharging') AS charging,
    multiIf(parking, 'vehicle_detected', user, 'user_connection', 'recharging') AS field,
    JSONExtractBool(message, field) AS begins,
    nano(message, 'price') AS price,
    nano(message, 'energy_delivered') AS power,
    JSONHas(message, 'unit') AS has_unit,
    lower(JSONExtractString(message, 'unit')) AS unit,
    if(unit = 'w' OR NOT has_unit AND power > 1000000000000, 1000, 1) AS per_kw,
    word_of(message, 'connector_id') AS connector,
    JSONExtractString(message, 'charger_id') AS sender,
    JSONExtractFloat(message, 'timestamp') AS stamp,
    floor(if(abs(stamp) >= 100000000000, stamp / 1000, stamp)) AS since_1970
SELECT
    topic, partition, offset, message,
    if(connector = '', sender, concat(sender, '/', connector)) AS charger,
    if(
        JSONType(message, 'timestamp') IN ('Int64', 'UInt64', 'Double'),
        if(
            since_1970 >= 946684800 AND since_1970 < 253402300800,
            toDateTime(toInt64(since_1970), 'UTC'), NULL
        ),
        instant_of(JSONExtractString(message, 'timestamp'))
    ) AS time,
    multiIf(
        parking, if(begins, 'arrive', 'leave'),
        user, if(begins, 'connect', 'disconnect'),
        if(begins, 'start', 'stop')
    ) AS kind,
    multiIf(
        parking, trimBoth(JSONExtractString(message, 'plate')),
        user, trimBoth(word_of(message, 'user_id')),
        ''
    ) AS person,
    multiIf(user, price, charging AND begins, intDiv(power + intDiv(per_kw, 2), per_kw), 0) AS value,
    if(charging, nano(message, 'register_kwh'), NULL) AS register,
    multiIf(
        JSONType(message) != 'Object', 'no JSON object',
        parking + user + charging != 1 OR JSONType(message, field) != 'Bool',
        if(
            JSONHas(message, 'station_state') OR JSONHas(message, 'recharging_state') OR JSONHas(message, 'payment'),
            'superseded', 'none of the three shapes of a signal'
        ),
        time IS NULL, 'timestamp: no time such as 2024-05-19 11:03:12, or a clock that is not set',
        sender = '', 'charger_id: empty',
        parking AND (lengthUTF8(person) > 16 OR match(person, '[[:cntrl:]]')), 'plate: at most 16 characters, or none',
        user AND (person = '' OR lengthUTF8(person) > 128), 'user_id: an id of 1 to 128 characters',
        user AND price IS NULL, 'price: missing',
        user AND abs(price) > 1000000000000000, 'price: not within -1000000 to 1000000',
        user AND match(message, '"price"[[:space:]]*:[[:space:]]*"?-?[0-9]*[.][0-9]{9}0*[1-9]'),
        'price: more than nine decimals',
        charging AND has_unit AND unit NOT IN ('kw', 'w'), 'unit: neither kW nor W',
        charging AND power IS NULL, 'energy_delivered: no number',
        charging AND (power < 0 OR begins AND value = 0 OR power > 1000000000000 * per_kw),
        'energy_delivered: cannot be',
        charging AND JSONHas(message, 'register_kwh') AND (register IS NULL OR register < 0),
        'register_kwh: cannot be',
        ''
    ) AS fault
FROM taken
WHERE startsWith(topic, 'charger-station-signals') AND message != '';
== 50-results.sql
CREATE FUNCTION IF NOT EXISTS revision_of AS (names, said) -> if(
    header(names, said, 'revision') = '', toUInt64(1), toUInt64OrZero(header(names, said, 'revision')));
CREATE MATERIALIZED VIEW IF NOT EXISTS keep_stays TO stays AS
SELECT
    if(header(names, said, 'id') = '', concat(topic, '/', toString(partition), '/', toString(offset)),
        header(names, said, 'id')) AS id,
    header(names, said, 'topic') AS source,
    JSONExtractString(message, 'charger_id') AS charger,
    assumeNotNull(second_of(JSONExtractString(message, 'start_parking'))) AS start_parking,
    pseudonym(JSONExtractString(message, 'plate')) AS plate,
    second_of(JSONExtractString(message, 'start_session')) AS start_session,
    pseudonym(JSONExtractString(message, 'user_id')) AS user,
    nano(message, 'price') AS price,
    second_of(JSONExtractString(message, 'start_recharging')) AS start_recharging,
    nano(message, 'energy_delivered') AS power,
    second_of(JSONExtractString(message, 'end_recharging')) AS end_recharging,
    second_of(JSONExtractString(message, 'end_session')) AS end_session,
    assumeNotNull(second_of(JSONExtractString(message, 'end_parking'))) AS end_parking,
    if(header(names, said, 'quality') = '', 'complete', header(names, said, 'quality')) AS quality,
    revision_of(names, said) AS revision, toUInt8(header(names, said, 'withdrawn') = '1') AS withdrawn
FROM taken
WHERE topic IN ('full-sessions', 'full-sessions.restated')
    AND second_of(JSONExtractString(message, 'start_parking')) IS NOT NULL
    AND second_of(JSONExtractString(message, 'end_parking')) IS NOT NULL;
CREATE MATERIALIZED VIEW IF NOT EXISTS keep_charges TO charges AS
SELECT
    if(header(names, said, 'id') = '', concat(topic, '/', toString(partition), '/', toString(offset)),
        header(names, said, 'id')) AS id,
    header(names, said, 'stay') AS stay,
    header(names, said, 'topic') AS source,
    JSONExtractString(message, 'charger_id') AS charger,
    pseudonym(JSONExtractString(message, 'user_id')) AS user,
    assumeNotNull(second_of(JSONExtractString(message, 'start_recharging'))) AS start,
    second_of(JSONExtractString(message, 'end_recharging')) AS end,
    assumeNotNull(nano(message, 'total_energy_delivered')) AS energy,
    assumeNotNull(intDiv(nano(message, 'profit'), 10000000)) AS cents,
    revision_of(names, said) AS revision, toUInt8(header(names, said, 'withdrawn') = '1') AS withdrawn,
    toInt64OrZero(header(names, said, 'to_whole')) AS to_whole,
    toInt64OrZero(header(names, said, 'to_thousandth')) AS to_thousandth
FROM taken
WHERE topic IN ('transaction-profit', 'transaction-profit.restated')
    AND second_of(JSONExtractString(message, 'start_recharging')) IS NOT NULL
    AND nano(message, 'total_energy_delivered') IS NOT NULL
    AND nano(message, 'profit') IS NOT NULL;
CREATE MATERIALIZED VIEW IF NOT EXISTS keep_violations TO violations AS
SELECT
    if(header(names, said, 'id') = '', concat(topic, '/', toString(partition), '/', toString(offset)),
        header(names, said, 'id')) AS id,
    header(names, said, 'stay') AS stay,
    header(names, said, 'topic') AS source,
    JSONExtractString(message, 'charger_id') AS charger,
    toDateTime(assumeNotNull(toUInt32OrNull(header(names, said, 'time'))), 'UTC') AS time,
    JSONExtractString(message, 'violation') AS kind,
    pseudonym(JSONExtractString(message, 'plate')) AS plate,
    pseudonym(JSONExtractString(message, 'user_id')) AS user,
    assumeNotNull(second_of(JSONExtractString(message, 'start_parking'))) AS start_parking,
    second_of(JSONExtractString(message, 'start_session')) AS start_session,
    second_of(JSONExtractString(message, 'end_session')) AS end_session,
    second_of(JSONExtractString(message, 'end_parking')) AS end_parking,
    revision_of(names, said) AS revision, toUInt8(header(names, said, 'withdrawn') = '1') AS withdrawn
FROM taken
WHERE topic IN ('violations', 'violations.restated')
    AND second_of(JSONExtractString(message, 'start_parking')) IS NOT NULL
    AND toUInt32OrNull(header(names, said, 'time')) IS NOT NULL;
CREATE MATERIALIZED VIEW IF NOT EXISTS keep_occupied TO occupied AS
SELECT
    header(names, said, 'topic') AS source,
    assumeNotNull(second_of(JSONExtractString(message, 'timestamp'))) AS time,
    JSONExtractInt(message, 'occupied') AS occupied
FROM taken
WHERE topic = 'total-occupied' AND second_of(JSONExtractString(message, 'timestamp')) IS NOT NULL;
CREATE MATERIALIZED VIEW IF NOT EXISTS keep_standing TO standing AS
SELECT
    JSONExtractString(message, 'charger') AS charger,
    JSONExtractString(message, 'topic') AS source,
    toDateTime(JSONExtractUInt(message, 'since'), 'UTC') AS since,
    toDateTime(JSONExtract(message, 'start_parking', 'Nullable(UInt32)'), 'UTC') AS start_parking
FROM taken
WHERE taken.topic = 'energyguard.bays' AND JSONHas(message, 'charger');
CREATE MATERIALIZED VIEW IF NOT EXISTS keep_chargers TO chargers AS
SELECT
    JSONExtractString(message, 'charger') AS charger,
    JSONExtractString(message, 'station') AS station,
    JSONExtract(message, 'latitude', 'Nullable(Float64)') AS latitude,
    JSONExtract(message, 'longitude', 'Nullable(Float64)') AS longitude,
    JSONExtract(message, 'rating_kw', 'Nullable(Float64)') AS rating_kw,
    JSONExtractString(message, 'topic') AS topic
FROM taken
WHERE taken.topic = 'energyguard.chargers' AND JSONHas(message, 'charger');
CREATE MATERIALIZED VIEW IF NOT EXISTS keep_imported_stays TO stays AS
SELECT
    JSONExtractString(message, 'id') AS id,
    JSONExtractString(message, 'source') AS source,
    JSONExtractString(message, 'charger') AS charger,
    toDateTime(JSONExtractUInt(message, 'start_parking'), 'UTC') AS start_parking,
    pseudonym(JSONExtractString(message, 'user')) AS user,
    toDateTime(JSONExtract(message, 'start_recharging', 'Nullable(UInt32)'), 'UTC') AS start_recharging,
    toDateTime(JSONExtract(message, 'end_recharging', 'Nullable(UInt32)'), 'UTC') AS end_recharging,
    toDateTime(JSONExtractUInt(message, 'end_parking'), 'UTC') AS end_parking,
    if(JSONHas(message, 'quality'), JSONExtractString(message, 'quality'), 'complete') AS quality,
    JSONExtractUInt(message, 'revision') AS revision, toUInt8(JSONExtractUInt(message, 'withdrawn')) AS withdrawn
FROM taken
WHERE topic = 'energyguard.sessions' AND JSONHas(message, 'id');
CREATE MATERIALIZED VIEW IF NOT EXISTS keep_imported_charges TO charges AS
WITH
    JSONExtract(message, 'start_recharging', 'Nullable(UInt32)') AS begun,
    ifNull(begun, JSONExtractUInt(message, 'start_parking')) AS begin
SELECT
    concat(JSONExtractString(message, 'id'), '/', toString(begin)) AS id,
    JSONExtractString(message, 'id') AS stay,
    JSONExtractString(message, 'source') AS source,
    JSONExtractString(message, 'charger') AS charger,
    pseudonym(JSONExtractString(message, 'user')) AS user,
    toDateTime(begin, 'UTC') AS start,
    if(begun IS NULL, NULL, toDateTime(JSONExtract(message, 'end_recharging', 'Nullable(UInt32)'), 'UTC')) AS end,
    JSONExtractInt(message, 'energy') AS energy,
    JSONExtractInt(message, 'cents') AS cents,
    JSONExtractInt(message, 'to_whole') AS to_whole,
    JSONExtractInt(message, 'to_thousandth') AS to_thousandth,
    JSONExtractUInt(message, 'revision') AS revision, toUInt8(JSONExtractUInt(message, 'withdrawn')) AS withdrawn
FROM taken
WHERE topic = 'energyguard.sessions' AND JSONHas(message, 'id')
    AND (energy != 0 OR JSONType(message, 'cents') != 'Null');
CREATE MATERIALIZED VIEW IF NOT EXISTS keep_imports TO import_records AS
SELECT
    JSONExtractString(message, 'import_id') AS import_id,
    topic, partition, offset,
    JSONExtractString(message, 'import_file') AS file,
    JSONExtractString(message, 'import_by') AS by,
    JSONExtractInt(message, 'import_ms') AS at_ms,
    JSONExtractInt(message, 'import_sessions') AS readings,
    JSONExtractInt(message, 'start_parking') * 1000 AS first_ms,
    JSONExtractInt(message, 'end_parking') * 1000 AS last_ms
FROM taken
WHERE topic = 'energyguard.sessions' AND JSONHas(message, 'id') AND import_id != '';
CREATE MATERIALIZED VIEW IF NOT EXISTS keep_readings TO readings AS
SELECT
    'thermometer' AS device, 'temperature_c' AS channel,
    toDateTime64(assumeNotNull(second_of(JSONExtractString(message, 'timestamp'))), 3, 'UTC') AS time,
    assumeNotNull(nano(message, 'celsius')) AS value,
    toInt64('-9223372036854775808') AS sequence,
    topic, 18446744073709551615 - greatest(toUInt64(offset) * 1048576, 1) AS version
FROM taken
WHERE topic = 'topic-test'
    AND second_of(JSONExtractString(message, 'timestamp')) IS NOT NULL
    AND nano(message, 'celsius') IS NOT NULL;
CREATE MATERIALIZED VIEW IF NOT EXISTS keep_refused_results TO refused AS
WITH replaceRegexpOne(topic, '[.]restated$', '') AS result
SELECT
    topic, partition, offset, message,
    multiIf(
        JSONType(message) != 'Object', 'no JSON object',
        result IN ('full-sessions', 'violations') AND second_of(JSONExtractString(message, 'start_parking')) IS NULL,
        'start_parking: no time',
        result = 'full-sessions' AND second_of(JSONExtractString(message, 'end_parking')) IS NULL, 'end_parking: no time',
        result = 'violations' AND toUInt32OrNull(header(names, said, 'time')) IS NULL,
        'header time: no second since 1970',
        result = 'transaction-profit' AND second_of(JSONExtractString(message, 'start_recharging')) IS NULL,
        'start_recharging: no time',
        result = 'transaction-profit' AND nano(message, 'total_energy_delivered') IS NULL,
        'total_energy_delivered: no number',
        result = 'transaction-profit' AND nano(message, 'profit') IS NULL, 'profit: no number',
        topic IN ('total-occupied', 'topic-test') AND second_of(JSONExtractString(message, 'timestamp')) IS NULL,
        'timestamp: no time',
        topic = 'topic-test' AND nano(message, 'celsius') IS NULL, 'celsius: no number',
        topic IN ('energyguard.bays', 'energyguard.chargers') AND NOT JSONHas(message, 'charger'), 'charger: missing',
        topic = 'energyguard.sessions' AND NOT JSONHas(message, 'id'), 'id: missing',
        ''
    ) AS reason
FROM taken
WHERE NOT startsWith(topic, 'charger-station-signals') AND message != '' AND reason != '';
== 60-questions.sql
CREATE FUNCTION IF NOT EXISTS at AS ms -> toDateTime(intDiv(ms + 999, 1000), 'UTC');
CREATE VIEW IF NOT EXISTS placed_chargers AS
SELECT charger, station, latitude, longitude FROM chargers FINAL
UNION ALL
SELECT plug.name, if(whole.station = '', whole.charger, whole.station), whole.latitude, whole.longitude
FROM (
    SELECT charger AS name, arrayStringConcat(arrayPopBack(splitByChar('/', charger)), '/') AS of
    FROM standing WHERE position(charger, '/') > 0 AND charger NOT IN (SELECT charger FROM chargers)
    GROUP BY charger
) AS plug
INNER JOIN (SELECT charger, station, latitude, longitude FROM chargers FINAL) AS whole ON plug.of = whole.charger;
CREATE VIEW IF NOT EXISTS listed_bays AS
SELECT charger FROM chargers FINAL
WHERE charger IN (SELECT charger FROM standing) OR charger NOT IN (
    SELECT arrayStringConcat(arrayPopBack(splitByChar('/', charger)), '/') FROM standing
    WHERE position(charger, '/') > 0 AND charger NOT IN (SELECT charger FROM chargers)
);
CREATE VIEW IF NOT EXISTS chargers_of AS
SELECT charger FROM placed_chargers WHERE if(station = '', charger, station) = {station:String}
UNION ALL
SELECT {station:String} AS charger WHERE {station:String} NOT IN (SELECT charger FROM chargers);
CREATE VIEW IF NOT EXISTS stays_in AS
SELECT
    charger, start_parking AS bucket, toUInt64(1) AS stays,
    toUInt64(greatest(dateDiff('second', start_parking, end_parking), 0)) AS stayed_s
FROM stays FINAL
WHERE {step_ms:Int64} > 0
    AND start_parking >= at({start_ms:Int64}) AND start_parking < at({end_ms:Int64})
    AND toStartOfDay(start_parking) >= toStartOfDay(at({start_ms:Int64}))
    AND toStartOfDay(start_parking) < at({end_ms:Int64})
    AND ({station:String} = '' OR charger IN (SELECT charger FROM chargers_of(station = {station:String})));
CREATE VIEW IF NOT EXISTS stays_ends AS
SELECT min(start_parking) AS first_at, max(end_parking) AS last_at FROM stays
WHERE charger NOT IN (SELECT charger FROM stays WHERE withdrawn = 1)
HAVING count() > 0
UNION ALL
SELECT min(start_parking) AS first_at, max(end_parking) AS last_at FROM stays FINAL
WHERE charger IN (SELECT charger FROM stays WHERE withdrawn = 1)
HAVING count() > 0;
CREATE VIEW IF NOT EXISTS charges_in AS
SELECT
    charger, start AS bucket, toUInt64(1) AS charges, toUInt64(isNotNull(end)) AS timed,
    toUInt64(greatest(ifNull(dateDiff('second', start, end), 0), 0)) AS charged_s, energy, cents,
    to_whole, to_thousandth
FROM charges FINAL
WHERE {step_ms:Int64} > 0
    AND start >= at({start_ms:Int64}) AND start < at({end_ms:Int64})
    AND toStartOfDay(start) >= toStartOfDay(at({start_ms:Int64}))
    AND toStartOfDay(start) < at({end_ms:Int64})
    AND ({station:String} = '' OR charger IN (SELECT charger FROM chargers_of(station = {station:String})));
CREATE VIEW IF NOT EXISTS violations_in AS
SELECT
    charger, time AS bucket, toUInt64(kind = 'Parking without charging') AS no_charge,
    toUInt64(kind = 'Long parking before recharging') AS before,
    toUInt64(kind = 'Long parking after recharging') AS after
FROM violations FINAL
WHERE {step_ms:Int64} > 0
    AND time >= at({start_ms:Int64}) AND time < at({end_ms:Int64})
    AND toStartOfDay(time) >= toStartOfDay(at({start_ms:Int64}))
    AND toStartOfDay(time) < at({end_ms:Int64})
    AND ({station:String} = '' OR charger IN (SELECT charger FROM chargers_of(station = {station:String})));
CREATE VIEW IF NOT EXISTS occupied_in AS
SELECT charger, begin AS bucket, toUInt64(dateDiff('second', begin, stop)) AS occupied_s
FROM (
    SELECT
        charger, stop,
        greatest(first, max(stop) OVER (
            PARTITION BY charger ORDER BY first, stop ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        )) AS begin
    FROM (
        SELECT
            charger, greatest(start_parking, at({start_ms:Int64})) AS first,
            least(end_parking, at({end_ms:Int64})) AS stop
        FROM stays FINAL
        WHERE {step_ms:Int64} > 0
            AND start_parking < at({end_ms:Int64}) AND end_parking > at({start_ms:Int64})
            AND ({station:String} = '' OR charger IN (SELECT charger FROM chargers_of(station = {station:String})))
    )
)
WHERE begin < stop;
CREATE VIEW IF NOT EXISTS curve_in AS
SELECT
    source, time AS bucket, toUInt64(1) AS seconds, occupied AS total, occupied AS least, occupied AS most
FROM occupied FINAL
WHERE {step_ms:Int64} > 0 AND time >= at({start_ms:Int64}) AND time < at({end_ms:Int64});
CREATE VIEW IF NOT EXISTS stays_by_step AS
SELECT * FROM stays_in(
    start_ms = {start_ms:Int64}, end_ms = {end_ms:Int64}, step_ms = {step_ms:Int64}, station = {station:String});
CREATE VIEW IF NOT EXISTS charges_by_step AS
SELECT * FROM charges_in(
    start_ms = {start_ms:Int64}, end_ms = {end_ms:Int64}, step_ms = {step_ms:Int64}, station = {station:String});
== 90-start.sql
CREATE MATERIALIZED VIEW IF NOT EXISTS take TO taken AS
SELECT
    _topic AS topic, toInt32(_partition) AS partition, toInt64(_offset) AS offset,
    `_headers.name` AS names, `_headers.value` AS said, message
FROM queue;
