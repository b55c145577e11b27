-- What Kafka brings: every topic of chargers and the thermometer. A view of 90-start.sql moves it from
-- `queue` to `taken`, from where those of 50-results.sql and 40-signals.sql keep it. A record may
-- come twice (the offsets are committed after the insert): it has the same key, and is one row.
-- For a topic per region add its name to the list: charger-station-signals.dundee, say.
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
    names     Array(String),                            -- of the headers
    said      Array(String),                            -- in them
    message   String
) ENGINE = Null;

-- A header; empty, where there is none.
CREATE FUNCTION IF NOT EXISTS header AS (names, said, name) -> said[indexOf(names, name)];

-- A time such as 2024-05-19 11:03:12; null, where a text is none, or one before 2000 or after 2099.
CREATE FUNCTION IF NOT EXISTS second_of AS text -> if(
    toString(toDateTimeOrNull(text, 'UTC')) = text AND text >= '2000' AND text < '2100',
    toDateTimeOrNull(text, 'UTC'), NULL);

-- What the end of a time such as 2024-05-19T13:03:12+02:00 says of its zone, in s east of UTC.
CREATE FUNCTION IF NOT EXISTS east_of AS text -> (
    extract(text, '([+-][0-9]{2}:?[0-9]{0,2})$') AS zone, replaceAll(substring(zone, 2), ':', '') AS digits,
    if(startsWith(zone, '-'), -60, 60)
        * (toInt32OrZero(substring(digits, 1, 2)) * 60 + toInt32OrZero(substring(digits, 3, 2)))).3;

-- The same of any time of ISO 8601; without an offset it is UTC, a part of a second is left out.
CREATE FUNCTION IF NOT EXISTS instant_of AS text -> if(
    match(text, '^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,9})?)?([Zz]|[+-][0-9]{2}(:?[0-9]{2})?)?$'),
    second_of(concat(
        substring(text, 1, 10), ' ', substring(text, 12, 5),
        if(substring(text, 17, 1) = ':', substring(text, 17, 3), ':00'))) - toIntervalSecond(east_of(text)),
    NULL);

-- A text or a whole number as a text; empty, where there is none.
CREATE FUNCTION IF NOT EXISTS word_of AS (message, field) -> if(
    JSONType(message, field) IN ('Int64', 'UInt64'), JSONExtractRaw(message, field), JSONExtractString(message, field));

-- A number of a message in 1e-9 of its unit, no digit lost (a double would lose some): that is how a
-- Decimal64 of nine places is stored. Null, where there is none.
CREATE FUNCTION IF NOT EXISTS nano AS (message, field) -> reinterpretAsInt64(toDecimal64OrNull(
    extract(message, concat('"', field, '"[[:space:]]*:[[:space:]]*"?([^,}"[:space:]]+)')), 9));
