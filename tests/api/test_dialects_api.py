"""Other systems' dialects over HTTP: keys, answers, the examples of their pages, real writers."""

from __future__ import annotations

import base64
import gzip
import json
import os
import re
import shutil
import socket
import subprocess
from collections.abc import Iterable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import NamedTuple

import httpx
import pyarrow as pa
import pytest
from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.client.write_api import SYNCHRONOUS
from influxdb_client.rest import ApiException
from nicegui import app as pages

from energyguard.access.tokens import Tokens
from energyguard.api.app import build_app
from energyguard.clock import SYSTEM
from energyguard.codecs.dialect import Dialect
from energyguard.codecs.headers import known
from energyguard.codecs.records import read_records
from energyguard.dialects.prometheus.remote_write import DIALECT as PROMETHEUS_DIALECT
from energyguard.log import EARLIEST, LATEST, Positions
from energyguard.model.access import AccessRole
from energyguard.model.quantities import from_nano
from energyguard.model.topics import DEAD_LETTERS, METER_READINGS
from energyguard.ports.server import Background
from energyguard.service.service import EnergyService
from energyguard.settings.tree import ServeSettings, Settings, WireSettings
from energyguard.telemetry import METRICS
from energyguard.testing import MemoryLog
from tests.service.made import StandInHistory
from tests.waiting import until

DOCS = Path(__file__).parents[2] / "docs" / "dialects"
SPOKEN = [dialect for dialect in known().all if dialect.http is not None]
LINE = b"plug,device=fridge power_w=84.2 1764590400000000000\n"


class Served(NamedTuple):
    """A service that answers on a port, its log, and a token that writes."""

    at: str
    token: str
    reader: str
    hasty: str
    log: MemoryLog
    data: Path

    def readings(self, since: Positions) -> list[str]:
        """Readings since then: device, channel, value."""
        batch = read_records(self._values(since)).readings
        return [
            f"{row['device']} {row['channel']} {from_nano(row['value'])}"
            for row in batch.to_pylist()
        ]

    @property
    def now(self) -> Positions:
        """Where the next readings will stand."""
        return self.log.positions(METER_READINGS.name, LATEST)

    @property
    def letters(self) -> list[bytes]:
        """What was refused."""
        every = self.log.positions(DEAD_LETTERS.name, EARLIEST)
        return [value or b"" for value in self._values(every)]

    def _values(self, since: Positions) -> list[bytes | None]:
        fetched = self.log.read(since, 100_000, 0)
        return [value for part in fetched for value in part.values]

    def post(self, path: str, body: bytes = LINE, **headers: str) -> httpx.Response:
        return httpx.post(f"{self.at}{path}", content=body, headers=headers, trust_env=False)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    data, log = tmp_path_factory.mktemp("data"), MemoryLog()
    mapping = tmp_path_factory.mktemp("mapping") / "mapping.toml"
    pages_text = ((DOCS / f"{dialect.name}.md").read_text() for dialect in SPOKEN)
    mapping.write_text("".join(block(text, "toml") for text in pages_text if "```toml" in text))
    settings = Settings(
        data_dir=data,
        wire=WireSettings(mappings=(mapping,)),
        serve=ServeSettings(rate_limit=10.0, new_devices=200),
    )
    tokens = Tokens(data)
    with (
        pytest.MonkeyPatch.context() as patch,
        EnergyService(log, StandInHistory(), settings, SYSTEM) as service,
        socket.create_server(("127.0.0.1", 0)) as listening,
    ):
        patch.setattr(pages, "middleware_stack", None)
        at = f"http://127.0.0.1:{listening.getsockname()[1]}"
        server = Background(build_app(service, tokens, "127.0.0.1"), listening, "dialects")
        try:
            token = tokens.create("cellar", AccessRole.WRITE)
            reader = tokens.create("screen", AccessRole.READ)
            hasty = tokens.create("hasty", AccessRole.WRITE)
            yield Served(at, token, reader, hasty, log, data)
        finally:
            server.close()
    log.close()


def block(page: str, kind: str) -> str:
    found = re.search(rf"^```{kind}\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    assert found is not None, kind
    return found[1]


def test_its_answers_are_counted_by_route(served: Served) -> None:
    counted = METRICS["http_requests"].labels("/ping", 204)
    before = counted._value.get()
    httpx.get(
        f"{served.at}/ping", headers={"Authorization": f"Bearer {served.token}"}, trust_env=False
    )
    assert counted._value.get() == before + 1


@pytest.mark.parametrize("dialect", SPOKEN, ids=lambda dialect: dialect.name)
def test_the_example_of_its_page_is_true(served: Served, dialect: Dialect) -> None:
    page = (DOCS / f"{dialect.name}.md").read_text()
    before = served.now
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


def test_a_key_of_the_path_is_no_other_route_s(served: Served) -> None:
    auth = {"Authorization": f"Bearer {served.token}"}
    own = served.post("/api/v1/readings/telemetry?shape=influx", LINE, **auth)
    assert own.json()["accepted"] == 1  # the API's own route, not a device called `readings`
    nobody = served.post("/api/v1/eg_wrong/telemetry", b"{}")
    assert nobody.status_code == 401
    assert "eg_wrong" not in nobody.text


def test_packed_bodies_are_unpacked_and_bounded(served: Served) -> None:
    auth = {"Authorization": f"Token {served.token}"}
    before = served.now
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
    before, letters = served.now, len(served.letters)
    body = LINE + b"bad\nplug,device=boiler usage=1 1764590400000000000\n"
    answer = served.post("/write", body, Authorization=f"Token {served.token}")
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert error.startswith("partial write: row 2: it is no line of the protocol; row 3: ")
    assert error.endswith("dropped=2")
    assert served.readings(before) == ["fridge power_kw 0.0842"]
    assert len(served.letters) == letters + 2


def test_version_3_names_each_line_and_csv_has_labels_of_its_address(served: Served) -> None:
    before, auth = served.now, {"Authorization": f"Bearer {served.token}"}
    answer = served.post("/api/v3/write_lp?db=x&accept_partial=true", LINE + b"bad\n", **auth)
    assert answer.status_code == 400
    (line,) = answer.json()["data"]
    assert (line["line_number"], line["original_line"]) == (2, "bad")
    form = "format=1:time:unix_s,2:metric:power_watts&extra_label=device=attic&extra_label=phase=2"
    taken = served.post(f"/api/v1/import/csv?{form}", b"1764590400,84.2", **auth)
    assert taken.status_code == 204
    assert served.post("/influx/write", LINE, **auth).status_code == 204
    assert sorted({*served.readings(before)}) == [
        "attic/2 power_kw 0.0842", "fridge power_kw 0.0842",
    ]  # fmt: skip


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


EXPORTER = """# TYPE plug_energy_wh counter
plug_energy_wh{device="fridge"} 118204
power_watts{device="fridge"} 84.2
go_threads 7
"""
PROMETHEUS = """
global: {{scrape_interval: 1s}}
scrape_configs: [{{job_name: plugs, static_configs: [{{targets: ["{exporter}"]}}]}}]
remote_write:
  - url: {at}/api/v1/write
    authorization: {{credentials: {token}}}
    queue_config: {{batch_send_deadline: 1s}}
    write_relabel_configs:
      - {{source_labels: [__name__], regex: ".*(watts|wh_total)", action: keep}}
"""


class Exporter(BaseHTTPRequestHandler):
    """What a Prometheus scrapes."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.end_headers()
        self.wfile.write(EXPORTER.replace("_wh", "_wh_total").encode())

    def log_message(self, *_: object) -> None:
        """Nothing is logged."""


@pytest.mark.skipif(shutil.which("prometheus") is None, reason="prometheus is not installed")
def test_a_prometheus_sends_what_it_scrapes(served: Served, tmp_path: Path) -> None:
    before, letters = served.now, len(served.letters)
    with ThreadingHTTPServer(("127.0.0.1", 0), Exporter) as exporter:
        Thread(target=exporter.serve_forever, daemon=True).start()
        config = tmp_path / "prometheus.yml"
        place = f"127.0.0.1:{exporter.server_port}"
        config.write_text(PROMETHEUS.format(exporter=place, at=served.at, token=served.token))
        options = ["--web.listen-address=127.0.0.1:0", f"--storage.tsdb.path={tmp_path}/data"]
        command = ["prometheus", f"--config.file={config}", *options]
        running = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        try:
            until(lambda: len({*served.readings(before)}) >= 2, "what was scraped", 60)
        finally:
            running.terminate()
            _, log = running.communicate(timeout=30)
        exporter.shutdown()
    assert {*served.readings(before)} == {
        "fridge power_kw 0.0842", "fridge energy_register_kwh 118.204",
    }  # fmt: skip
    assert len(served.letters) == letters
    assert "non-recoverable" not in log


SECOND = (
    b"\x22\x00\x22\x08__name__\x22\x05power\x22\x06device\x22\x05meter\x22\x05watts\x2a\x20"
    b"\x0a\x04\x01\x02\x03\x04\x12\x10\x09\xcd\xcc\xcc\xcc\xcc\x0c\x55\x40"
    b"\x10\x80\xe4\xa2\xce\xad\x33\x2a\x06\x08\x02\x18\x00\x20\x05"
)
"""A request of remote write 2.0: 84.2 watts of a meter."""


def test_remote_write_2_says_what_was_written(served: Served) -> None:
    kind = "application/x-protobuf;proto=io.prometheus.write.v2.Request"
    headers = {
        "Authorization": f"Bearer {served.token}",
        "Content-Encoding": "snappy",
        "Content-Type": kind,
    }
    before = served.now
    written = served.post("/api/v1/write", bytes(pa.compress(SECOND, "snappy")), **headers)
    assert written.status_code == 204, written.text
    assert served.readings(before) == ["meter power_kw 0.0842"]
    prefix = "X-Prometheus-Remote-Write"
    assert written.headers[f"{prefix}-Samples-Written"] == "1"
    assert written.headers[f"{prefix}-Histograms-Written"] == "0"
    assert written.headers[f"{prefix}-Exemplars-Written"] == "0"
    ended = SECOND.replace(b"\xcd\xcc\xcc\xcc\xcc\x0c\x55\x40", b"\x02\0\0\0\0\0\xf0\x7f")
    stale = served.post("/api/v1/write", bytes(pa.compress(ended, "snappy")), **headers)
    assert (stale.status_code, stale.headers[f"{prefix}-Samples-Written"]) == (204, "1")
    unknown = SECOND.replace(b"watts", b"bytes")
    partly = served.post("/api/v1/write", bytes(pa.compress(unknown, "snappy")), **headers)
    assert partly.status_code == 400
    assert partly.headers[f"{prefix}-Samples-Written"] == "0"
    assert "no channel has the unit 'bytes'" in partly.text
    headers["Content-Type"] = "application/x-protobuf;proto=io.prometheus.write.v3.Request"
    nothing = bytes(pa.compress(b"", "snappy"))
    assert served.post("/api/v1/write", nothing, **headers).status_code == 415


def of_meters(numbers: Iterable[int]) -> bytes:
    """A request of remote write 1.0, packed: 84.2 watts of each meter."""
    series = (PROMETHEUS_DIALECT.example.replace(b"fridge", b"m%05d" % n) for n in numbers)
    return bytes(pa.compress(b"".join(series), "snappy"))


def test_what_is_too_much_at_once_comes_again(served: Served) -> None:
    """A Prometheus drops what 429 refuses and sends 5xx again; writers of InfluxDB send both."""
    key = {"Authorization": f"Bearer {served.hasty}"}
    with httpx.Client(trust_env=False, headers=key) as client:

        def refused(
            bodies: Iterable[bytes], path: str = "/api/v1/write", encoding: str = "snappy"
        ) -> tuple[httpx.Response, int]:
            headers = {"Content-Encoding": encoding}
            for count, body in enumerate(bodies):
                answer = client.post(f"{served.at}{path}", content=body, headers=headers)
                if answer.status_code != 204:
                    return answer, count
            raise AssertionError("all was taken")

        before = served.now
        answer, taken = refused(of_meters(range(n, n + 150)) for n in range(0, 1_000, 150))
        assert "this token has brought its 200 of this hour: nothing was taken" in answer.text
        assert (answer.status_code, int(answer.headers["Retry-After"]) >= 1) == (503, True)
        assert len(served.readings(before)) == 150 * taken
        answer, _ = refused([of_meters([1])] * 2_000)
        assert answer.text == "more than 10 requests a second: wait\n"
        assert (answer.status_code, int(answer.headers["Retry-After"]) >= 1) == (503, True)
        answer, _ = refused([LINE] * 2_000, "/write", "identity")
        assert (answer.status_code, answer.json()["code"]) == (429, "too many requests")


def test_influxdb_s_own_client_writes(served: Served) -> None:
    before = served.now
    with InfluxDBClient(served.at, served.token, org="any", enable_gzip=True) as client:
        assert client.ping()
        assert client.ready().status == "ready"
        points = [
            {
                "measurement": "plug",
                "tags": {"device": f"plug {n}"},
                "fields": {"power_w": 10.5 * n},
                "time": 1_764_590_400_000_000_000 + n,
            }
            for n in range(3)
        ]
        writer = client.write_api(write_options=SYNCHRONOUS)
        writer.write("any", record=points)
        writer.write("any", record=b"")  # as Home Assistant tries its connection
        with pytest.raises(ApiException, match="partial write: row 2: ") as refused:
            writer.write("any", record=[LINE.decode().strip(), "plug usage=1"])
        assert json.loads(refused.value.body)["line"] == 2
    assert sorted(served.readings(before)) == [
        "fridge power_kw 0.0842",
        *("plug 0 power_kw 0", "plug 1 power_kw 0.0105", "plug 2 power_kw 0.021"),
    ]  # fmt: skip
