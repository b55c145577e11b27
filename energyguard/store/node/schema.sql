-- The rows of one node. A row is all that stands in it, so its fingerprint is in the key.
CREATE TABLE IF NOT EXISTS rows (
    slot        INTEGER NOT NULL,
    series      TEXT    NOT NULL,
    at          INTEGER NOT NULL,  -- event time, µs since 1970 UTC; 0: a key of the user's own
    major       INTEGER NOT NULL,  -- the version
    minor       INTEGER NOT NULL,
    node        TEXT    NOT NULL,
    fingerprint INTEGER NOT NULL,  -- 64 bits of all the rest: the checksum
    bucket      INTEGER NOT NULL,
    value       BLOB,              -- NULL: deleted
    expires_ms  INTEGER NOT NULL,
    PRIMARY KEY (slot, series, at, major, minor, node, fingerprint)
) WITHOUT ROWID;

-- What is deleted or will expire, so that it is found when it is over.
CREATE INDEX IF NOT EXISTS over ON rows (CASE WHEN value IS NULL THEN major ELSE expires_ms END)
WHERE value IS NULL OR expires_ms > 0;

-- Sums of fingerprints, modulo 2^62: equal sums, equal rows.
CREATE TABLE IF NOT EXISTS digests (
    slot   INTEGER NOT NULL,
    bucket INTEGER NOT NULL,
    sum    INTEGER NOT NULL,
    rows   INTEGER NOT NULL,
    PRIMARY KEY (slot, bucket)
) WITHOUT ROWID;

-- Rows whose checksum did not hold, as they were found.
CREATE TABLE IF NOT EXISTS damaged (
    slot        INTEGER NOT NULL,
    series      TEXT    NOT NULL,
    at          INTEGER NOT NULL,
    fingerprint INTEGER NOT NULL,
    found       BLOB
);

-- What a node remembers beside its rows.
CREATE TABLE IF NOT EXISTS memory (
    name  TEXT PRIMARY KEY,
    value BLOB NOT NULL
) WITHOUT ROWID;
