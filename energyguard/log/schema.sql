-- The embedded log: one file, in WAL mode. A batch of records is one row.
--
-- A segment's id is its place: topic (15 bits), partition (12), offset of its first record (36).
-- The newest segment of a partition is never deleted, so its end is the next offset to be written.

CREATE TABLE IF NOT EXISTS topic (
    id         INTEGER PRIMARY KEY,
    name       TEXT NOT NULL UNIQUE,
    partitions INTEGER NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS segment (
    id          INTEGER PRIMARY KEY,
    span        INTEGER NOT NULL,  -- how many offsets it covers, those compacted away included
    total       INTEGER NOT NULL,  -- bytes of the partition up to and with this segment
    appended_ms INTEGER NOT NULL,
    crc         INTEGER NOT NULL,
    body        BLOB NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS consumer_group (
    name       TEXT PRIMARY KEY,
    generation INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS member (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    group_name TEXT NOT NULL,
    topics     TEXT NOT NULL,  -- JSON list; a name may end in *
    seen_s     REAL NOT NULL   -- monotonic: a clock that is set moves no lease
) STRICT;

CREATE TABLE IF NOT EXISTS owner (
    group_name TEXT NOT NULL,
    topic      TEXT NOT NULL,
    partition  INTEGER NOT NULL,
    member     INTEGER NOT NULL,
    PRIMARY KEY (group_name, topic, partition)
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS position (
    group_name TEXT NOT NULL,
    topic      TEXT NOT NULL,
    partition  INTEGER NOT NULL,
    next       INTEGER NOT NULL,
    PRIMARY KEY (group_name, topic, partition)
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS upkeep (
    task   TEXT PRIMARY KEY,
    done_s REAL NOT NULL
) STRICT, WITHOUT ROWID;
