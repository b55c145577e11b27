-- Signals of chargers: the three shapes of energyguard/domains/charging/codec.py, told apart by field.
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
    fault     String                                    -- why it is no signal; empty: it is one
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
    JSONExtractFloat(message, 'timestamp') AS stamp,    -- where it is a number
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
