"""The door: the real client comes in, nobody writes, nobody reaches the machine behind it."""

from __future__ import annotations

import gzip
import json
import stat
from collections.abc import Iterator
from pathlib import Path

import clickhouse_connect
import httpx
import pytest

from energyguard.errors import Conflict, Unavailable
from energyguard.history.chdb import ChdbHistory
from energyguard.history.client import CARD, HistoryClient
from energyguard.history.door import HistoryServer
from energyguard.limits import STATEMENT_BYTES as BODY_LIMIT
from tests.history.made import readings


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HistoryServer]:
    folder = tmp_path_factory.mktemp("door")
    history = ChdbHistory(folder / "history")
    history.insert("readings", readings([("H1", 0, 1), ("H1", 15_000, 2)]))
    opened = HistoryServer(history, "127.0.0.1", 0, folder / CARD)
    yield opened
    opened.close()
    history.close()


@pytest.fixture
def http(door: HistoryServer) -> Iterator[httpx.Client]:
    url, auth = f"http://127.0.0.1:{door.port}", ("default", door.password)
    with httpx.Client(base_url=url, auth=auth, trust_env=False) as client:
        yield client


NASTY = (
    "INSERT INTO readings VALUES ('x', 'y', 0, 1, 1, 't', 1)",
    "ALTER TABLE readings DELETE WHERE 1",
    "CREATE TABLE t (a Int64) ENGINE = Memory",
    "CREATE TEMPORARY TABLE t (a Int64)",
    "DROP TABLE readings",
    "/* SELECT */ DROP TABLE readings",
    "TRUNCATE TABLE readings",
    "OPTIMIZE TABLE readings FINAL",
    "RENAME TABLE readings TO gone",
    "SET readonly = 0",
    "SELECT 1 SETTINGS readonly = 0",
    "SELECT count() FROM readings SETTINGS max_execution_time = 0",
    "USE system",
    "KILL QUERY WHERE 1",
    "SYSTEM STOP MERGES",
    "BACKUP TABLE readings TO File('/tmp/stolen')",
    "GRANT ALL ON *.* TO default",
    "SELECT 1; DROP TABLE readings",
    "SELECT * FROM file('/etc/passwd', 'LineAsString')",
    "SELECT * FROM `/etc/passwd`",
    "SELECT * FROM '/etc/passwd'",
    "SELECT * FROM default.`/etc/hostname`",
    "SELECT file('/etc/hostname')",
    "WITH x AS (SELECT * FROM FILE('/etc/passwd', LineAsString)) SELECT * FROM x",
    "SELECT * FROM (SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString'))",
    "SELECT * FROM remote('127.0.0.1', 'system.one')",
    "SELECT * FROM s3('http://127.0.0.1:1/x')",
    "SELECT * FROM executable('id', 'TSV', 'a String')",
    "SELECT * FROM Python(history)",
    "SELECT * FROM sqlite('/etc/x.db', 't')",
    "SELECT 1 INTO OUTFILE '/tmp/energyguard-stolen'",
    "SELECT 1 INTO/**/OUTFILE '/tmp/energyguard-stolen'",
    "EXPLAIN SELECT * FROM file('/etc/passwd', 'LineAsString')",
    "DESCRIBE file('/etc/passwd', 'LineAsString')",
    "DESCRIBE TABLE url('http://127.0.0.1:1/', 'CSV')",
    "SELECT dictGet('x', 'y', 1)",
    "",
    ";",
    "🤯" * 1000,
)


@pytest.mark.parametrize("sql", NASTY)
def test_what_does_more_than_read_is_refused(http: httpx.Client, sql: str) -> None:
    answer = http.post("/", content=sql.encode())
    assert answer.status_code in (400, 401, 404, 500, 503), answer.text
    assert answer.text.startswith("Code: ")
    assert "DB::Exception" in answer.text
    assert http.post("/", content=b"SELECT count() FROM readings").text == "2\n"
    assert not Path("/tmp/energyguard-stolen").exists()


@pytest.mark.parametrize("auth", [None, ("default", ""), ("default", "guess"), ("", "\u2603")])
def test_nobody_comes_in_without_the_password(
    door: HistoryServer, auth: tuple[str, str] | None
) -> None:
    answer = httpx.get(
        f"http://127.0.0.1:{door.port}/", params={"query": "SELECT 1"}, auth=auth, trust_env=False
    )
    assert answer.status_code == 401
    assert "Code: 516" in answer.text


def test_the_card_is_for_its_owner_only(tmp_path: Path, door: HistoryServer) -> None:
    other = HistoryServer(_Nobody(), "127.0.0.1", 0, tmp_path / CARD)
    card = tmp_path / CARD
    assert stat.S_IMODE(card.stat().st_mode) == 0o600
    assert json.loads(card.read_text())["port"] == other.port
    assert other.password != door.password
    other.close()
    assert not card.exists()


class _Nobody:
    def ask(self, sql: str, shape: str, parameters: object) -> bytes:
        raise AssertionError(sql)

    def ask_named(self, name: str, parameters: object) -> bytes:
        raise AssertionError(name)


def test_the_real_client(door: HistoryServer) -> None:
    client = clickhouse_connect.get_client(
        host="127.0.0.1", port=door.port, username="default", password=door.password,
        autogenerate_session_id=False,
    )  # fmt: skip
    text = "it's \\n a\ttab ü"
    assert client.query("SELECT {t:String}", parameters={"t": text}).result_rows == [(text,)]
    assert client.query("SELECT sum(value) FROM readings").result_rows == [(3,)]
    assert client.query_arrow("SELECT device FROM readings LIMIT 1").to_pylist() == [
        {"device": "H1"}
    ]
    client.close()


def test_shapes_and_packing(http: httpx.Client) -> None:
    sql = "SELECT number AS n FROM numbers(5000) FORMAT JSONEachRow;"
    plain = http.get("/", params={"query": sql})
    packed = http.post(
        "/", params={"enable_http_compression": "1"}, content=gzip.compress(sql.encode()),
        headers={"Content-Encoding": "gzip"},
    )  # fmt: skip
    assert packed.headers["Content-Encoding"] == "gzip"
    assert plain.text == packed.text
    assert plain.headers["X-ClickHouse-Format"] == "JSONEachRow"
    assert http.get("/ping").text == "Ok.\n"


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"SELECT 1 " + b" " * BODY_LIMIT, {}),
        (gzip.compress(b" " * (BODY_LIMIT + 10)), {"Content-Encoding": "gzip"}),
        (b"no gzip", {"Content-Encoding": "gzip"}),
        (b"SELECT 1", {"Content-Encoding": "br"}),
        (b"\xff\xfe\x00", {}),
    ],
)
def test_bodies_that_cannot_be_taken(
    http: httpx.Client, body: bytes, headers: dict[str, str]
) -> None:
    answer = http.post("/", content=body, headers=headers)
    assert answer.status_code == 400
    assert "DB::Exception" in answer.text


def test_chunks(http: httpx.Client) -> None:
    answer = http.post("/", content=iter([b"SELECT ", b"1 + ", b"1"]))
    assert answer.text == "2\n"


def test_a_client_without_a_history(tmp_path: Path) -> None:
    client = HistoryClient(tmp_path)
    with pytest.raises(Unavailable, match="not running") as raised:
        client.query("devices", device="")
    assert raised.value.retry_after > 0
    with pytest.raises(Conflict):
        client.insert("readings", readings([]))
    card = tmp_path / CARD
    card.parent.mkdir()
    card.write_text('{"host": "127.0.0.1", "port": 9, "user": "default", "password": "x"}')
    with pytest.raises(Unavailable, match="no answer"):
        client.query("devices", device="")
    client.close()


def test_one_process_owns_the_folder(door: HistoryServer, tmp_path: Path) -> None:
    """The engine holds one folder per process; a second folder here is refused by name."""
    with pytest.raises(Unavailable, match="history: "):
        ChdbHistory(tmp_path)
