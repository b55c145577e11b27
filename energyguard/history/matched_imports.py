"""Sessions that were imported before they had a network: matched once, when the history is opened.

Their ids were made of the file's name, so the same session may stand there twice. Each gets the id
that a new import of its row has; of several with one id the best stays. The old rows go last, and
what was moved is kept until the roll-ups are made anew: a crash in between is gone on from.
"""

from __future__ import annotations

import pyarrow as pa

from energyguard.history.charging_rollups import ChargingRollUps
from energyguard.history.chdb import ChdbHistory
from energyguard.model.stations import Imported
from energyguard.model.topics import SIGNALS
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
_MOVE = (
    "INSERT INTO stays SELECT s.* REPLACE (m.id AS id, m.source AS source)"
    " FROM stays AS s FINAL INNER JOIN imports_moved AS m ON s.id = m.old"
    " ORDER BY s.quality = 'complete'",
    "INSERT INTO charges SELECT c.* REPLACE ("
    "concat(m.id, '/', toString(toUnixTimestamp(c.start))) AS id, m.id AS stay,"
    " m.source AS source)"
    " FROM charges AS c FINAL INNER JOIN imports_moved AS m ON c.stay = m.old"
    " ORDER BY c.cents > 0, c.energy",
    "ALTER TABLE charges DELETE WHERE stay IN (SELECT old FROM imports_moved)"
    " SETTINGS mutations_sync = 1",
    "ALTER TABLE stays DELETE WHERE id IN (SELECT old FROM imports_moved)"
    " SETTINGS mutations_sync = 1",
)


def match_old_imports(history: ChdbHistory) -> None:
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
        for text in _MOVE:
            history.execute(text)
        rollups = ChargingRollUps(history)
        rollups.touch("stays", moved)
        rollups.settle()
        logger("history").info("old imports have ids of their network", sessions=moved.num_rows)
    history.execute(f"INSERT INTO upgrades (name) VALUES ('{_NAME}')")
    history.execute("DROP TABLE imports_moved SYNC")


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


def _rows(history: ChdbHistory, sql: str) -> pa.Table:
    return pa.ipc.open_file(pa.py_buffer(history.ask(sql, "Arrow", {}))).read_all()
