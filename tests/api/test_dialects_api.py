"""Other systems' dialects over HTTP: keys, answers, the examples of their pages, real writers."""

from __future__ import annotations

import base64
import gzip
import os
import re
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import httpx
import pyarrow as pa
import pytest
from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.client.write_api import SYNCHRONOUS
from nicegui import app as pages

from energyguard.access.tokens import Tokens
from energyguard.api.app import build_app
from energyguard.clock import SYSTEM
from energyguard.codecs.dialect import Dialect
from energyguard.codecs.headers import known
from energyguard.codecs.records import read_records
from energyguard.log import EARLIEST
from energyguard.model.access import AccessRole
from energyguard.model.quantities import from_nano
from energyguard.model.topics import DEAD_LETTERS, METER_READINGS
from energyguard.ports.server import Background
from energyguard.service.service import EnergyService
from energyguard.settings.tree import Settings
from energyguard.testing import MemoryLog
from tests.service.made import StandInHistory

DOCS = Path(__file__).parents[2] / "docs" / "dialects"
SPOKEN = [dialect for dialect in known().all if dialect.http is not None]
LINE = b"plug,device=fridge power_w=84.2 1764590400000000000\n"


class Served(NamedTuple):
    """A service that answers on a port, its log, and a token that writes."""

    at: str
    token: str
    reader: str
    log: MemoryLog
    data: Path

    def readings(self, since: int) -> list[str]:
        """Readings since some record: device, channel, value."""
        batch = read_records(self._values(METER_READINGS.name)[since:]).readings
        return [
            f"{row['device']} {row['channel']} {from_nano(row['value'])}"
            for row in batch.to_pylist()
        ]

    @property
    def records(self) -> int:
        """How many records of readings there are."""
        return len(self._values(METER_READINGS.name))

    @property
    def letters(self) -> list[bytes]:
        """What was refused."""
        return [value or b"" for value in self._values(DEAD_LETTERS.name)]

    def _values(self, topic: str) -> list[bytes | None]:
        fetched = self.log.read(self.log.positions(topic, EARLIEST), 100_000, 0)
        return [value for part in fetched for value in part.values]

    def post(self, path: str, body: bytes = LINE, **headers: str) -> httpx.Response:
        return httpx.post(f"{self.at}{path}", content=body, headers=headers, trust_env=False)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    data, log = tmp_path_factory.mktemp("data"), MemoryLog()
    tokens = Tokens(data)
    with (
        pytest.MonkeyPatch.context() as patch,
        EnergyService(log, StandInHistory(), Settings(data_dir=data), SYSTEM) as service,
        socket.create_server(("127.0.0.1", 0)) as listening,
    ):
        patch.setattr(pages, "middleware_stack", None)
        at = f"http://127.0.0.1:{listening.getsockname()[1]}"
        server = Background(build_app(service, tokens, "127.0.0.1"), listening, "dialects")
        try:
            token = tokens.create("cellar", AccessRole.WRITE)
            reader = tokens.create("screen", AccessRole.READ)
            yield Served(at, token, reader, log, data)
        finally:
            server.close()
    log.close()


def block(page: str, kind: str) -> str:
    found = re.search(rf"^```{kind}\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    assert found is not None, kind
    return found[1]


@pytest.mark.parametrize("dialect", SPOKEN, ids=lambda dialect: dialect.name)
def test_the_example_of_its_page_is_true(served: Served, dialect: Dialect) -> None:
    page = (DOCS / f"{dialect.name}.md").read_text()
    before = served.records
    env = {**os.environ, "ENERGYGUARD": served.at, "TOKEN": served.token, "no_proxy": "*"}
    command = ["bash", "-c", block(page, "sh")]
    run = subprocess.run(command, env=env, capture_output=True, text=True, timeout=30)
    first, _, body = run.stdout.replace("\r", "").partition("\n")
    wanted, _, wanted_body = block(page, "answer").strip().partition("\n")
    assert first == wanted, run.stdout + run.stderr
    assert body.rpartition("\n\n")[2].strip() == wanted_body.strip()
    assert sorted(served.readings(before)) == sorted(block(page, "readings").strip().split("\n"))


def test_every_way_of_a_key_leads_in(served: Served) -> None:
    token, basic = served.token, base64.b64encode(f"any:{served.token}".encode()).decode()
    only = base64.b64encode(f"{served.token}:".encode()).decode()
    for value in (f"Bearer {token}", f"Token {token}", f"Basic {basic}", f"Basic {only}"):
        assert served.post("/write", Authorization=value).status_code == 204, value
    assert served.post(f"/write?db=x&u=any&p={token}").status_code == 204


def test_who_may_not_write_is_refused_in_the_dialect_s_words(served: Served) -> None:
    nobody = served.post("/write")
    assert nobody.status_code == 401
    assert nobody.json()["code"] == "unauthorized"
    reader = served.post("/write", Authorization=f"Bearer {served.reader}")
    assert reader.status_code == 403
    assert "screen has read" in reader.json()["error"]
    foreign = served.post("/write", Authorization=f"Bearer {served.token}", Origin="http://evil")
    assert foreign.status_code == 403
    logged_in = served.post("/write", Cookie="energyguard=whatever")
    assert logged_in.status_code == 401


def test_a_key_of_the_address_is_in_no_file_and_no_log(
    served: Served, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    assert served.post(f"/write?p={served.reader}").status_code == 403  # is in the audit
    assert served.post(f"/write?p={served.token}", b"bad").status_code == 400
    assert served.post("/write?p=eg_wrong-key").status_code == 401
    seen = caplog.text + "".join(capfd.readouterr())
    for topic in ("energyguard.audit", DEAD_LETTERS.name, METER_READINGS.name):
        seen += repr(served.log.read(served.log.positions(topic, EARLIEST), 100_000, 0))
    seen += "".join(path.read_text("latin-1") for path in served.data.rglob("*") if path.is_file())
    assert "/write" in seen
    for key in (served.reader, served.token, "eg_wrong-key"):
        assert key not in seen


def test_packed_bodies_are_unpacked_and_bounded(served: Served) -> None:
    auth = {"Authorization": f"Token {served.token}"}
    before = served.records
    for encoding, data in (("gzip", gzip.compress(LINE)), ("zstd", pa.compress(LINE, "zstd"))):
        body = bytes(data)
        answer = served.post("/write", body, **auth, **{"Content-Encoding": encoding})
        assert answer.status_code == 204, answer.text
    assert served.readings(before) == ["fridge power_kw 0.0842"] * 2
    bomb = gzip.compress(b"\n" * (200 << 20))
    large = served.post("/write", bomb, **auth, **{"Content-Encoding": "gzip"})
    assert large.status_code == 413
    for encoding in ("gzip", "br"):
        bad = served.post("/write", LINE, **auth, **{"Content-Encoding": encoding})
        assert bad.status_code == 400
        assert encoding in bad.json()["message"]


def test_a_partial_write_names_its_lines_and_keeps_the_others(served: Served) -> None:
    before, letters = served.records, len(served.letters)
    body = LINE + b"bad\nplug,device=boiler usage=1 1764590400000000000\n"
    answer = served.post("/write", body, Authorization=f"Token {served.token}")
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert error.startswith("partial write: row 2: it is no line of the protocol; row 3: ")
    assert error.endswith("dropped=2")
    assert served.readings(before) == ["fridge power_kw 0.0842"]
    assert len(served.letters) == letters + 2


def test_writers_of_version_1_find_a_database(served: Served) -> None:
    auth = {"Authorization": f"Token {served.token}"}
    shown = httpx.get(f"{served.at}/query?q=SHOW+DATABASES", headers=auth, trust_env=False)
    assert shown.json()["results"][0]["series"][0]["values"] == [["energyguard"]]
    made = httpx.post(
        f"{served.at}/query", data={"q": 'CREATE DATABASE "x"'}, headers=auth, trust_env=False
    )
    assert made.json() == {"results": [{"statement_id": 0}]}
    asked = httpx.get(f"{served.at}/query?q=SELECT+1", headers=auth, trust_env=False)
    assert asked.status_code == 400
    ping = httpx.head(f"{served.at}/ping", headers=auth, trust_env=False)
    assert ping.status_code == 204
    assert ping.headers["X-Influxdb-Version"].startswith("1.8")


def test_influxdb_s_own_client_writes(served: Served) -> None:
    before = served.records
    with InfluxDBClient(served.at, served.token, org="any", enable_gzip=True) as client:
        assert client.ping()
        points = [
            {
                "measurement": "plug",
                "tags": {"device": f"plug {n}"},
                "fields": {"power_w": 10.5 * n},
                "time": 1_764_590_400_000_000_000 + n,
            }
            for n in range(3)
        ]
        client.write_api(write_options=SYNCHRONOUS).write("any", record=points)
    assert served.readings(before) == [
        "plug 0 power_kw 0", "plug 1 power_kw 0.0105", "plug 2 power_kw 0.021",
    ]  # fmt: skip
