-- People stand in the history under pseudonyms for ever; who they are is known for thirty days.

-- One key, made by 25-people-key.sh: with another one everybody would be somebody new.
CREATE TABLE IF NOT EXISTS people_key (key FixedString(64)) ENGINE = MergeTree ORDER BY tuple();

-- The pseudonym of a plate or a user's id, as energyguard/history/people.py makes it: HMAC-SHA-256
-- (RFC 2104: the bytes of `6` and `\` are its paddings), cut to 80 bits.
CREATE FUNCTION IF NOT EXISTS pseudonym AS name -> if(name = '', '', lower(base32Encode(substring(
    SHA256(concat(
        bitXor((SELECT any(key) FROM people_key), toFixedString(repeat('\\', 64), 64)),
        SHA256(concat(bitXor((SELECT any(key) FROM people_key), toFixedString(repeat('6', 64), 64)), name))
    )), 1, 10))));

-- Signals as they were sent. After thirty days who it was is gone, and the message with it.
CREATE TABLE IF NOT EXISTS signals_as_sent (
    topic     LowCardinality(String),
    partition Int32,
    offset    Int64,
    charger   LowCardinality(String),
    time      DateTime('UTC'),
    kind      LowCardinality(String),
    who       String TTL time + INTERVAL 30 DAY,        -- a plate or a user's id
    message   String TTL time + INTERVAL 30 DAY
) ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(time)
ORDER BY (toStartOfDay(time), charger, time, topic, partition, offset);

-- What was no signal, no result: the place and the reason.
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

-- The way back from a pseudonym, as long as it is known.
CREATE VIEW IF NOT EXISTS people AS
SELECT DISTINCT pseudonym(who) AS pseudonym, who FROM signals_as_sent WHERE who != '';
