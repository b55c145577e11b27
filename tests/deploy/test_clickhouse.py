"""The ClickHouse server's own schema: what it keeps is what the embedded history keeps."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from deploy.grafana.chargers import ROWS
from deploy.grafana.panels import Asked
from energyguard.clock import SYSTEM
from energyguard.codecs.seconds import text_of
from energyguard.domains.charging.codec import signal
from energyguard.domains.charging.currencies import minor_units
from energyguard.domains.charging.topics import (
    BAYS,
    CHARGERS,
    FULL_SESSIONS,
    IMPORTED,
    RESTATED,
    SIGNALS,
    TOTAL_OCCUPIED,
    TRANSACTION_PROFIT,
    VIOLATIONS,
)
from energyguard.domains.thermometer import THERMOMETER
from energyguard.domains.thermometer.dialect import message as degrees
from energyguard.errors import Rejected
from energyguard.history.chdb import ChdbHistory
from energyguard.history.people import KEY, People
from energyguard.history.query import query_named
from energyguard.log import open_log
from energyguard.records.registry import TABLES
from energyguard.sinks.archive import Archive
from tests.deploy.clickhouse import CHARGING, FOLDER, STARTS, Server, asked_by, message, statements
from tests.deploy.conftest import ROOT, Composed
from tests.deploy.signals import BAD, BEGUN, FINE, GOOD
from tests.history.charging import LISTED, SCHEMAS, T0_S, Standing, Stayed, table
from tests.history.test_charging_questions import BORDERS, STANDING, STAYS, keep
from tests.sinks.test_archive import drain
from tests.sinks.test_charging_archive import DAY, PLATE, USER, append, everything

TOPICS = tuple(
    topic.name
    for topic in (
        SIGNALS, FULL_SESSIONS, VIOLATIONS, TRANSACTION_PROFIT, TOTAL_OCCUPIED, BAYS, CHARGERS,
        IMPORTED, THERMOMETER, *RESTATED,
    )
)  # fmt: skip


@pytest.fixture(scope="module")
def files(request: pytest.FixtureRequest) -> list[Path]:
    """What the container's entry point runs, in its order: as Compose mounts it."""
    composed: Composed = request.getfixturevalue("composed")
    mounts = composed()["services"]["clickhouse"]["volumes"]
    found = {
        Path(mount["target"]).name: Path(mount["source"])
        for mount in mounts
        if "/docker-entrypoint-initdb.d" in mount["target"]
    }
    folder = found.pop("docker-entrypoint-initdb.d", None)
    assert folder is None
    return [found[name] for name in sorted(found)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("clickhouse")


@pytest.fixture(scope="module")
def people(folder: Path) -> Iterator[People]:
    opened = People(folder)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def history(folder: Path) -> Iterator[ChdbHistory]:
    opened = ChdbHistory(folder / "history")
    rows = [(charger, name, None, None, None, "") for charger, name in LISTED.items()]
    opened.insert("chargers", table("chargers", rows))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def made(folder: Path, files: list[Path], history: ChdbHistory, people: People) -> Iterator[Server]:
    opened = Server(folder / "history", files, (folder / KEY).read_bytes())
    yield opened
    opened.close()


@pytest.fixture
def server(made: Server) -> Server:
    return emptied(made)


def emptied(made: Server) -> Server:
    for name in (*SCHEMAS, "readings", "refused", "signals_as_sent"):
        made.run(f"TRUNCATE TABLE {name}")
    return made


def test_every_statement_runs_twice(made: Server, files: list[Path]) -> None:
    assert {file.parent for file in files if file.suffix == ".sh"} == {STARTS}
    assert {*STARTS.iterdir()} <= {*files}
    found = {row["name"] for row in made.run("SHOW TABLES")}
    for file in files:
        for statement in statements(file) if file.suffix == ".sql" else ():
            assert re.match(
                r"CREATE (TABLE|VIEW|MATERIALIZED VIEW|FUNCTION) IF NOT EXISTS", statement
            )
            name = statement.split()[statement.split().index("EXISTS") + 1]
            assert name in found or "FUNCTION" in statement


def test_it_has_every_raw_table_as_the_embedded_history_has_it(
    made: Server, history: ChdbHistory
) -> None:
    """Of households and the building, too; `10-tables.sql` is written from the declarations."""
    query = "SELECT name, type, compression_codec FROM system.columns WHERE table = '{}' AND {}"
    for name, declared in TABLES.items():
        found = made.run(query.format(name, "database = currentDatabase()"))
        wanted = history.ask(query.format(name, "database = 'energyguard'"), "JSONEachRow", {})
        assert found == [msgspec.json.decode(line) for line in wanted.splitlines()], name
        assert [column["name"] for column in found] == declared.schema.names


def test_the_tables_that_stay_empty_are_named(files: list[Path]) -> None:
    sql = "".join(file.read_text() for file in files if file.suffix == ".sql")
    filled = re.findall(r"MATERIALIZED VIEW IF NOT EXISTS \w+ TO (\w+)", sql)
    decision = (ROOT / "docs" / "decisions" / "0010-clickhouse-server.md").read_text()
    (named,) = re.findall(r"^\*\*Empty on a server\*\*: (.+?)\. ", decision, re.M)
    assert {*re.findall(r"`(\w+)`", named)} == TABLES.keys() - {*filled}


def test_it_keeps_what_the_embedded_history_keeps(
    server: Server, history: ChdbHistory, people: People, tmp_path: Path
) -> None:
    with closing(open_log(f"sqlite:///{tmp_path / 'log.db'}")) as log:
        everything(log)
        append(log, THERMOMETER.name, degrees("2024-05-06 00:00:10", 17))
        append(log, THERMOMETER.name, degrees("2024-05-06 00:00:10", 18))  # the first one stays
        archive = Archive(history, log, 0.0, people)
        drain(archive)
        archive.close()
        for _ in range(2):  # offsets are committed after an insert: anything may come twice
            server.take(log, (*TOPICS, "charger-station-signals.dundee"))
    kept = 0
    for name in (*SCHEMAS, "readings"):
        wanted = history.ask(f"SELECT * FROM {name} FINAL ORDER BY ALL", "JSONEachRow", {})
        found = server.run(f"SELECT * FROM {name} FINAL ORDER BY ALL")
        if name == "chargers":
            found += [{"charger": c, "station": s} for c, s in LISTED.items()]
            assert {(r["charger"], r["station"]) for r in found} == {
                (r["charger"], r["station"]) for r in map(msgspec.json.decode, wanted.splitlines())
            }
        else:
            assert found == [msgspec.json.decode(line) for line in wanted.splitlines()], name
        kept += len(found)
    assert kept > 15
    refused = server.run("SELECT topic, reason FROM refused FINAL ORDER BY topic, offset")
    assert [(row["topic"], row["reason"]) for row in refused] == [
        ("charger-station-signals", "none of the three shapes of a signal"),
        (
            "charger-station-signals",
            "timestamp: no time such as 2024-05-19 11:03:12, or a clock that is not set",
        ),
        ("full-sessions", "start_parking: no time"),
        ("violations", "header time: no second since 1970"),
    ]


def test_of_signals_it_refuses_what_the_codec_refuses(server: Server, people: People) -> None:
    texts = [msgspec.json.encode(one).decode() for one in (*BAD, *FINE)]
    texts += ["", "nothing", "[]", '{"timestamp":', '"x"', "null"]
    server.hand_over(message(text, SIGNALS.name, place) for place, text in enumerate(texts))
    wanted, faults = [], set()
    for place, text in enumerate(texts):
        try:
            told = signal(text)
        except Rejected:
            faults |= {place} if text else set()  # a record without a value says nothing
            continue
        wanted.append(
            (place, told.charger, told.second, told.kind.name.lower(),
             people.pseudonym(told.who), told.amount, told.register)
        )  # fmt: skip
    found = server.run(
        "SELECT offset, charger, toUnixTimestamp(time) AS second, kind, who, value, register "
        "FROM signals FINAL ORDER BY offset"
    )
    assert [tuple(_numbers(row).values()) for row in found] == wanted
    assert len(wanted) == len(FINE)
    refused = server.run("SELECT offset FROM refused FINAL WHERE reason != ''")
    assert {int(row["offset"]) for row in refused} == faults


def _numbers(row: dict[str, Any]) -> dict[str, Any]:
    wide = ("offset", "second", "value", "register")  # JSON of ClickHouse quotes 64 bits
    return {k: int(v) if k in wide and v is not None else v for k, v in row.items()}


def test_people_are_known_for_a_time(server: Server, people: People) -> None:
    today = text_of(SYSTEM.now_ms() // 1000)
    sent = [msgspec.json.encode(one | {"timestamp": today}).decode() for one in (GOOD, BEGUN)]
    server.hand_over(message(text, SIGNALS.name, place) for place, text in enumerate(sent))
    back = {row["pseudonym"]: row["who"] for row in server.run("SELECT * FROM people")}
    assert back == {people.pseudonym(one): one for one in (PLATE, USER)}
    (kept,) = server.run("SELECT create_table_query AS text FROM system.tables "
                         "WHERE database = 'server' AND name = 'signals_as_sent'")  # fmt: skip
    for column in ("who", "message"):
        assert re.search(rf"`{column}` String TTL time \+ toIntervalDay\(30\)", kept["text"])
    old = msgspec.json.encode(GOOD | {"plate": "OF202400"}).decode()
    server.hand_over([message(old, SIGNALS.name, 2)])
    server.run("OPTIMIZE TABLE signals_as_sent FINAL")
    left = server.run("SELECT who != '' AS known, message != '' AS whole FROM signals_as_sent")
    assert sorted((row["known"], row["whole"]) for row in left) == [(0, 0), (1, 1), (1, 1)]
    assert len(server.run("SELECT * FROM people")) == 2
    assert [row["who"] != "" for row in server.run("SELECT who FROM signals")] == [True] * 3


def test_raw_messages_are_kept_for_ever_where_that_is_set(server: Server) -> None:
    server.run("CREATE TABLE sent_before AS signals_as_sent")
    forever = asked_by(STARTS / "26-raw-messages.sh").replace("signals_as_sent", "sent_before")
    server.run(forever)
    (kept,) = server.run("SELECT create_table_query AS text FROM system.tables "
                         "WHERE database = 'server' AND name = 'sent_before'")  # fmt: skip
    assert "TTL" not in kept["text"]


@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    stays=STAYS,
    now=STANDING,
    borders=BORDERS,
    name=st.sampled_from(["", "north", "c5"]),
    step=st.sampled_from([900, 86_400]),
)
@example([], Standing({"c4": 86_399}, 0), (0, 3_600), "", 86_400)  # a whole hour of the curve
def test_a_question_has_one_text_and_one_answer(
    made: Server,
    history: ChdbHistory,
    stays: list[Stayed],
    now: Standing,
    borders: tuple[int, int],
    name: str,
    step: int,
) -> None:
    keep(history, now, stays)
    for one in ("signals", "stays", "charges", "violations", "occupied", "standing", "chargers"):
        made.run(f"TRUNCATE TABLE {one}")
        made.run(f"INSERT INTO {one} SELECT * FROM energyguard.{one}")
    low = (T0_S + borders[0]) * 1000
    given_: dict[str, object] = {
        "start_ms": low, "end_ms": low + borders[1] * 1000, "step_ms": step * 1000,
        "station": name, "n": 3, "limit": 50, "charger": "c1",
        "by": "charger" if name else "station", "currency": "EUR",
        "currencies": '{"south": "CHF"}' if step == 900 else "", "minor_units": minor_units(),
    }  # fmt: skip
    for file in sorted((CHARGING / "queries").glob("station_*.sql")):
        asked = query_named(file.stem)
        words = {field: given_[field] for field in asked.parameters}
        sql, bound = asked.bind(words)
        embedded = history.ask(sql, "JSONEachRow", bound).splitlines()
        assert made.run(asked.sql, **bound) == [msgspec.json.decode(one) for one in embedded], file


@pytest.fixture(scope="module")
def filled(made: Server, tmp_path_factory: pytest.TempPathFactory) -> Server:
    """With what the panels show; tests that empty the tables stand before."""
    path = tmp_path_factory.mktemp("filled") / "log.db"
    with closing(open_log(f"sqlite:///{path}")) as log:
        everything(log)
        append(log, THERMOMETER.name, degrees("2024-05-06 00:00:10", 17))
        emptied(made).take(log, TOPICS)
    return made


@pytest.mark.parametrize(
    "panel",
    [panel for row in ROWS for panel in row.panels if isinstance(panel, Asked)],
    ids=lambda panel: panel.title,
)
def test_a_panel_shows_what_is_answered(filled: Server, panel: Asked) -> None:
    variables = {
        "$__from": str(DAY["start_ms"]), "$__to": str(DAY["end_ms"]), "$__interval_ms": "60000",
        "${station:sqlstring}": "''", "${currency:sqlstring}": "'EUR'",
        "${currencies:sqlstring}": "''",
    }  # fmt: skip
    sql = panel.query
    for name, word in variables.items():
        sql = sql.replace(name, word)
    assert not re.search(r"\$|{\w+:", sql)
    rows = filled.run(sql)
    assert rows
    assert panel.shown.keys() <= rows[0].keys()


def test_settings_are_those_of_the_engine(made: Server) -> None:
    users = ET.parse(FOLDER / "users.d" / "energyguard.xml").getroot()
    named = {one.tag for profile in users.iterfind("profiles/*") for one in profile}
    known = {row["name"] for row in made.run("SELECT name FROM system.settings")}
    assert named and named <= known
    server = ET.parse(FOLDER / "config.d" / "energyguard.xml").getroot()
    limits = {"max_server_memory_usage_to_ram_ratio", "mark_cache_size"}
    assert limits <= {one.tag for one in server}
    assert limits <= {row["name"] for row in made.run("SELECT name FROM system.server_settings")}


def test_who_may_read_what(made: Server) -> None:
    users = ET.parse(FOLDER / "users.d" / "energyguard.xml").getroot().find("users")
    assert users is not None
    assert {one.tag for one in users} == {"default", "grafana", "operator"}
    assert [ip.text for ip in users.iterfind("default/networks/ip")] == ["127.0.0.1", "::1"]
    grants = {
        one.tag: [query.text or "" for query in one.iterfind("grants/query")] for one in users
    }
    tables = {row["name"] for row in made.run("SHOW TABLES")}
    for grant in [grant for found in grants.values() for grant in found]:
        made.run(f"EXPLAIN AST {grant} {'FROM' if grant.startswith('REVOKE') else 'TO'} grafana")
        assert grant.split("default.")[1] in tables | {"*"}
    personal = {"people_key", "people", "signals_as_sent", "refused", "queue", "taken"}
    assert personal <= tables
    assert not personal & {grant.split("default.")[1] for grant in grants["grafana"]}
    assert "REVOKE SELECT ON default.people_key" in grants["operator"]
    passwords = {one.tag: one.find("password") for one in users}
    for name, word in passwords.items():
        assert word is not None
        assert word.text is None
        assert (word.get("from_env") is None) == (name == "default")
    assert {profile.text for profile in users.iterfind("*/profile")} == {"default", "reader"}


def test_the_queue_reads_every_topic_of_chargers() -> None:
    text = (STARTS / "30-queue.sql").read_text()
    (named,) = re.findall(r"kafka_topic_list = '([^']*)'", text)
    assert {*named.split(",")} == {*TOPICS}
    views = "".join(file.read_text() for file in STARTS.glob("*.sql"))
    for topic in TOPICS:
        assert f"'{topic}'" in views
