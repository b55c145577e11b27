"""A topic has one declaration, and nothing else spells the fields of its records."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from energyguard.errors import NotFound
from energyguard.model.topics import Holds
from energyguard.pipeline import ARCHIVE
from energyguard.records.contract import Encoding, RecordHeaders
from energyguard.records.dead_letters import DeadLetterHeaders
from energyguard.records.readings import ReadingHeaders
from energyguard.records.registry import RECORDS, TABLES, record_of
from energyguard.records.schemas import fields
from energyguard.topics import TOPICS

PACKAGE = Path(__file__).parents[2] / "energyguard"

SPELLED = {
    "codecs/text/json.py": 4,  # what others send are dialects, not records
    "domains/building/readings.py": 1,  # simulated messages, a million a minute
    "domains/charging/simulator/faults.py": 1,  # a message that is wrong on purpose
    "domains/regions/dialect.py": 2,
    "domains/thermometer/dialect.py": 1,
    "page/devices/ways.py": 6,  # examples of lines that people may send
    "sinks/store_rows.py": 4,  # values of the current state
    "stream/engines/flink_reading.py": 3,
    "stream/engines/spark_job.py": 2,  # a whole program, of which a job is made,
    "stream/engines/spark_windows.py": 3,  # and what is packed with it
}
"""How often a file spells a field in JSON of its own: may only shrink."""


def test_every_topic_has_exactly_one_declaration() -> None:
    assert list(RECORDS) == [topic.name for topic in TOPICS]


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)
def test_a_declaration_agrees_with_its_topic(topic: object) -> None:
    record = RECORDS[topic.name]  # type: ignore[attr-defined]
    assert record.topic is topic
    assert (record.encoding is Encoding.PACKED) == (record.topic.holds is Holds.READINGS)
    assert (record.encoding is Encoding.JSON) == (record.topic.holds is Holds.JSON)
    assert bool(record.tables) == (topic in ARCHIVE.reads)


def test_members_of_a_family_share_its_declaration() -> None:
    assert record_of("replay.homes") is RECORDS["replay.*"]
    assert record_of("charger-station-signals.dundee") is RECORDS["charger-station-signals.*"]
    with pytest.raises(NotFound, match="energy_alerts"):
        record_of("energy_alert")


def test_headers_are_written_in_their_order_and_read_back() -> None:
    found = DeadLetterHeaders("late", "", "r", "1", "api", "t", "signal")
    assert [name for name, _ in found.encode()] == [
        "verdict", "field", "reason", "row", "source", "topic", "shape",
    ]  # fmt: skip
    assert DeadLetterHeaders.decode(found.encode()) == found
    assert DeadLetterHeaders("", "", "", "", "", "", "", "2").encode()[-1] == ("rows", b"2")
    assert ReadingHeaders(packed_by="worker").encode() == (("packed-by", b"worker"),)
    assert ReadingHeaders.decode([("packed-by", b"\xff")]).packed_by == "\ufffd"
    assert RecordHeaders().encode() == ()


def test_what_a_table_takes_from_a_record_is_there() -> None:
    places = {"#topic", "#partition", "#offset"}
    for record in RECORDS.values():
        if record.encoding is not Encoding.JSON:
            continue
        for rows in record.tables:
            headers = {f"@{field.name}" for field in fields(record.headers)}
            columns = {column.name for column in rows.table.columns}
            assert rows.sources.keys() <= columns
            for source in rows.sources.values():
                known = source in places | headers or hasattr(record.value, source)
                assert known or source in ("second", "amount"), (record.name, source)  # of a signal
    assert set(TABLES) >= {"readings", "late", "alerts", "window_alerts", "stays"}


def texts(path: Path) -> Iterator[str]:
    """The strings of a file, without docstrings; of SQL all but its comments."""
    if path.suffix == ".sql":
        yield re.sub(r"--.*", "", path.read_text())
        return
    source = path.read_text()
    if NAMES.isdisjoint(re.findall(r"(\w+)\\?\" *:", source)):
        return  # to parse all that the package has takes seconds
    tree = ast.parse(source)
    docs = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and id(node) not in docs:
            if isinstance(node.value, str):
                yield node.value
            elif isinstance(node.value, bytes):
                yield node.value.decode("latin-1")


NAMES = {
    field.name for record in RECORDS.values() if record.value for field in fields(record.value)
}


def spelled(text: str) -> list[str]:
    """The fields of records that a text has as keys of JSON."""
    return [name for name in re.findall(r'"(\w+)" *:', text) if name in NAMES]


def test_nothing_else_spells_a_field_of_a_record() -> None:
    found = {
        str(path.relative_to(PACKAGE)): [name for text in texts(path) for name in spelled(text)]
        for path in sorted([*PACKAGE.rglob("*.py"), *PACKAGE.rglob("*.sql")])
        if not {"records", "dialects", "named"} & set(path.parts)  # others have their own words
        and path.parent != PACKAGE / "poll/kinds"
    }
    assert {path: len(names) for path, names in found.items() if names} == SPELLED, found
    assert spelled('{"household_id":"H1"}') == ["household_id"]
