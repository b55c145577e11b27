-- The embedded log: one file, in WAL mode. An append to a topic is one row, whatever its partitions.
--
-- A segment's id is its place: the topic's number, then the append's number within the topic (40
-- bits). The newest segment of a topic is never deleted: its ends are the next to be written.

CREATE TABLE IF NOT EXISTS topic (
    id       INTEGER PRIMARY KEY,
    name     TEXT NOT NULL UNIQUE,
    earliest BLOB NOT NULL  -- per partition, int64: what retention has left
) STRICT;

CREATE TABLE IF NOT EXISTS segment (
    id          INTEGER PRIMARY KEY,
    ends        BLOB NOT NULL,     -- per partition, int64: the next offset after this segment
    total       INTEGER NOT NULL,  -- bytes of the topic up to and with this segment
    appended_ms INTEGER NOT NULL,
    crc         INTEGER NOT NULL,  -- of the body (32 bits); above them, that of the other columns
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
