-- What the sessions came to, chargers, imported sessions, and the thermometer. Its writers are
-- EnergyGuard's own; a record that cannot be read is in `refused` all the same.
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
WHERE taken.topic = 'energyguard.chargers' AND JSONHas(message, 'charger'); -- not the alias

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
    toInt64('-9223372036854775808') AS sequence,        -- none
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
