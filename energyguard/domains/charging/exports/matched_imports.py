"""Sessions that were imported before they had a network: matched once, when the history is opened.

Their ids were made of the file's name, so the same session may stand there twice. Each gets the id
that a new import of its row has; of several with one id the best stays. Months are written anew and
put in place of what they were, before anything else is inserted. ``imports_moved`` keeps which id
became which: a crash in between is gone on from.
"""

from __future__ import annotations

import pyarrow as pa

from energyguard.domains.charging.records.stations import Imported
from energyguard.domains.charging.topics import SIGNALS
from energyguard.history import Tables
from energyguard.history.rollups import RollUps
from energyguard.telemetry import logger

_NAME = "sessions have a network"
_TABLES = (
    "CREATE TABLE IF NOT EXISTS upgrades (name String, at DateTime('UTC') DEFAULT now())"
    " ENGINE = MergeTree ORDER BY name",
    "CREATE TABLE IF NOT EXISTS imports_moved (old String, id String, source String,"
    " charger String, start_parking DateTime('UTC'), end_parking DateTime('UTC'))"
    " ENGINE = MergeTree ORDER BY old",
)
_OLD = f"""
SELECT
    s.id AS id, s.source AS source, s.charger AS charger, s.energy AS energy,
    toInt64(toUnixTimestamp(s.start_parking)) AS start_parking,
    toInt64(toUnixTimestamp(s.end_parking)) AS end_parking,
    s.charger IN (SELECT charger FROM chargers FINAL WHERE station = charger) AS is_station
FROM (
    SELECT a.id, toString(a.source) AS source, toString(a.charger) AS charger, a.start_parking,
        a.end_parking, sum(b.energy) AS energy
    FROM stays AS a FINAL LEFT JOIN charges AS b FINAL ON b.stay = a.id
    WHERE NOT startsWith(a.source, '{SIGNALS.name}') AND startsWith(a.id, concat(a.source, '/'))
        AND position(
            concat(a.id, '/'), concat('/', toString(toUnixTimestamp(a.start_parking)), '/')
        ) = 0
    GROUP BY a.id, a.source, a.charger, a.start_parking, a.end_parking
) AS s
"""
_MONTHS = "(SELECT DISTINCT toYYYYMM(start_parking) FROM imports_moved)"
_OF_MONTHS = "(SELECT toYYYYMM(start_parking) AS m FROM imports_moved)"
_ANEW = {
    "stays": "INSERT INTO stays_matched SELECT s.* REPLACE ("
    "if(m.id = '', s.id, m.id) AS id, if(m.id = '', toString(s.source), m.source) AS source)"
    " FROM (SELECT * FROM stays FINAL) AS s LEFT ANY JOIN imports_moved AS m ON s.id = m.old"
    f" WHERE toYYYYMM(s.start_parking) IN {_MONTHS} ORDER BY s.quality = 'complete'",
    "charges": "INSERT INTO charges_matched SELECT c.* REPLACE ("
    "if(m.id = '', c.id, concat(m.id, '/', toString(toUnixTimestamp(c.start)))) AS id,"
    " if(m.id = '', c.stay, m.id) AS stay,"
    " if(m.id = '', toString(c.source), m.source) AS source)"
    " FROM (SELECT * FROM charges FINAL) AS c LEFT ANY JOIN imports_moved AS m ON c.stay = m.old"
    f" WHERE toYYYYMM(c.start) IN {_MONTHS} ORDER BY c.cents > 0, c.energy",
}
"""The months that have old rows, with new ids; a charge of an import begins when its stay does."""


def match_old_imports(history: Tables) -> None:
    """Give sessions of before networks their ids of now, if that was not done yet."""
    for text in _TABLES:
        history.execute(text)
    if _rows(history, f"SELECT name FROM upgrades WHERE name = '{_NAME}'").num_rows:
        return
    old = _rows(history, _OLD)
    if old.num_rows:
        history.insert("imports_moved", _moved(old))
    moved = _rows(
        history,
        "SELECT charger, toInt64(toUnixTimestamp(start_parking)) AS start_parking,"
        " toInt64(toUnixTimestamp(end_parking)) AS end_parking FROM imports_moved",
    )
    if moved.num_rows:
        for table in ("charges", "stays"):
            _put_anew(history, table)
        rollups = RollUps(history)
        rollups.mark("stays", moved)
        rollups.settle()
        logger("history").info("old imports have ids of their network", sessions=moved.num_rows)
    history.execute(f"INSERT INTO upgrades (name) VALUES ('{_NAME}')")


def _put_anew(history: Tables, table: str) -> None:
    history.execute(f"CREATE TABLE IF NOT EXISTS {table}_matched AS {table}")
    history.execute(f"TRUNCATE TABLE {table}_matched")
    history.execute(_ANEW[table])
    for month in _rows(history, f"SELECT arrayJoin(groupUniqArray(m)) AS m FROM {_OF_MONTHS}")["m"]:
        history.execute(f"ALTER TABLE {table} REPLACE PARTITION {month} FROM {table}_matched")
    history.execute(f"DROP TABLE {table}_matched")


def _moved(old: pa.Table) -> pa.Table:
    """Old ids and new ones."""
    rows = []
    for row in old.to_pylist():
        before = Imported(
            id=row["id"],
            source=row["source"],
            charger=row["charger"],
            station=row["charger"] if row["is_station"] else "",
            start_parking=row["start_parking"],
            end_parking=row["end_parking"],
            energy=row["energy"],
        )
        rows.append((before.id, before.identity, before.whose, before.charger))
    columns = zip(*rows, strict=True)
    times = [old[name].cast(pa.timestamp("s", "UTC")) for name in ("start_parking", "end_parking")]
    names = ["old", "id", "source", "charger", "start_parking", "end_parking"]
    return pa.table([*map(pa.array, columns), *times], names)


def _rows(history: Tables, sql: str) -> pa.Table:
    return history.answer(sql, {})
