"""Prices fetched from a server: written once, after failures again, and never from inside."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from threading import Thread

import pytest

from energyguard.clock import ManualClock
from energyguard.errors import Faulty, Unavailable
from energyguard.log import EARLIEST
from energyguard.model.topics import PRICES
from energyguard.ports.outside import is_outside
from energyguard.service.price_feed import fetch as fetching
from energyguard.service.price_feed.feed import RETRY_S, TIBBER_QUERY, PriceFeed
from energyguard.service.price_feed.fetch import PriceRequest, fetch
from energyguard.settings.prices import PriceSettings
from energyguard.testing import MemoryLog
from tests.tariffs.test_price_answers import AWATTAR, START_MS, TIBBER

HOUR_S = 3_600


class PriceServer(ThreadingHTTPServer):
    """Answers what it is told to, and counts."""

    answers: list[tuple[int, bytes, dict[str, str]]]
    asked: list[str]
    posted: list[tuple[str, str]]  # the header Authorization, and the body

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1/prices"


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        server = self.server
        assert isinstance(server, PriceServer)
        server.asked.append(f"{self.headers['Host']}{self.path}")
        status, body, headers = server.answers[min(len(server.asked), len(server.answers)) - 1]
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        server = self.server
        assert isinstance(server, PriceServer)
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        server.posted.append((self.headers["Authorization"] or "", body))
        self.do_GET()

    def log_message(self, *args: object) -> None:
        pass


@contextmanager
def serving(*answers: tuple[int, bytes, dict[str, str]]) -> Iterator[PriceServer]:
    with PriceServer(("127.0.0.1", 0), _Handler) as server:
        server.answers, server.asked, server.posted = list(answers), [], []
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def keys(log: MemoryLog) -> list[bytes | None]:
    at = log.positions(PRICES.name, EARLIEST)
    return [key for part in log.read(at, 100, 0) for key in part.keys]


def test_prices_are_written_once_and_what_is_new_again() -> None:
    later = AWATTAR.replace("82.13", "83.00")
    answers = [(200, text.encode(), dict[str, str]()) for text in (AWATTAR, AWATTAR, later)]
    log, clock = MemoryLog(), ManualClock(START_MS)
    with serving(*answers) as server:
        prices = PriceSettings(sources={"spot": server.url}, inside=True)
        feed = PriceFeed(log, prices, clock)
        assert feed.step() == HOUR_S
        assert keys(log) == [b"spot/2026-11-23", b"spot/2026-11-24"]
        feed.step()
        assert len(server.asked) == 1  # it is not due
        clock.sleep(HOUR_S)
        feed.step()
        assert len(server.asked) == 2
        assert len(keys(log)) == 2  # the same again
        clock.sleep(HOUR_S)
        PriceFeed(log, prices, clock).step()  # of another process: it knows what is there
        assert keys(log)[2:] == [b"spot/2026-11-23"]
        assert server.asked[0] == server.url.removeprefix("http://")


def test_a_source_that_fails_is_asked_less_and_less_often() -> None:
    broken, busy = (500, b"", dict[str, str]()), (429, b"", {"Retry-After": "900"})
    good = (200, AWATTAR.encode(), dict[str, str]())
    log, clock = MemoryLog(), ManualClock(START_MS)
    with serving(broken, (200, b"{}", {}), broken, busy, good) as server:
        feed = PriceFeed(log, PriceSettings(sources={"spot": server.url}, inside=True), clock)
        waits = []
        for _ in range(5):
            waits.append(feed.step())
            clock.sleep(waits[-1])
        assert waits == [RETRY_S, 2 * RETRY_S, 4 * RETRY_S, 900, HOUR_S]
        assert len(keys(log)) == 2


def test_one_source_that_fails_keeps_no_other_from_its_prices() -> None:
    log, clock = MemoryLog(), ManualClock(START_MS)
    with serving((200, AWATTAR.encode(), {})) as server:
        sources = {"gone": "http://127.0.0.1:9/", "spot": server.url}
        assert PriceFeed(log, PriceSettings(sources=sources, inside=True), clock).step() == RETRY_S
        assert len(keys(log)) == 2


TOKEN = "s3cret-of-a-home"


@pytest.fixture
def token_file(tmp_path: Path) -> str:
    file = tmp_path / "tibber.token"
    file.write_text(f"{TOKEN}\n")
    return str(file)


def test_graphql_is_asked_by_post_with_the_token_of_a_file(
    token_file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    refused = b'{"errors":[{"message":"Context creation failed: invalid token"}],"data":null}'
    log, clock = MemoryLog(), ManualClock(START_MS)
    with serving((200, refused, {}), (200, TIBBER.encode(), {})) as server:
        prices = PriceSettings(
            sources={"home": server.url}, queries={"home": TIBBER_QUERY},
            token_files={"home": token_file}, inside=True,
        )  # fmt: skip
        feed = PriceFeed(log, prices, clock)
        assert feed.step() == RETRY_S  # refused: it is asked again
        assert not keys(log)
        Path(token_file).write_text("another-one")
        clock.sleep(RETRY_S)
        assert feed.step() == HOUR_S
        assert keys(log) == [b"home/2026-11-23", b"home/2026-11-24"]
        body = json.dumps({"query": TIBBER_QUERY}, separators=(",", ":"))
        assert server.posted == [(f"Bearer {TOKEN}", body), ("Bearer another-one", body)]
    written = capsys.readouterr()
    assert "invalid token" in written.err + written.out
    assert TOKEN not in written.err + written.out + repr(prices) + prices.model_dump_json()


def test_tibber_needs_no_query_to_be_said() -> None:
    settings = PriceSettings(
        sources={"home": "https://api.tibber.com/v1-beta/gql", "spot": "http://a"}
    )
    feed = PriceFeed(MemoryLog(), settings, ManualClock(0))
    assert [source.query for source in feed.sources] == [TIBBER_QUERY, ""]


def test_a_token_goes_nowhere_else_and_never_for_all_to_read(token_file: str) -> None:
    asked = PriceRequest("{viewer}", TOKEN)
    with serving((200, b"[]", {})) as other, serving((307, b"", {"Location": other.url})) as server:
        assert fetch(server.url, asked, inside=True) == b"[]"
        assert [header for header, _ in server.posted] == [f"Bearer {TOKEN}"]
        assert [header for header, _ in other.posted] == [""]
    with serving((200, b"[]", {})) as server:
        with pytest.raises(Faulty, match="a token is sent by https only") as refused:
            fetch(server.url, asked)
        assert TOKEN not in str(refused.value)
        assert not server.asked


@pytest.mark.parametrize(
    ("text", "fault"),
    [(None, "No such file"), ("", "is no token"), ("two words", "is no token"), ("ü", "no token")],
)
def test_a_token_that_is_none_is_said_and_not_shown(
    text: str | None, fault: str, token_file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path(token_file).unlink() if text is None else Path(token_file).write_text(text)
    with serving((200, TIBBER.encode(), {})) as server:
        prices = PriceSettings(
            sources={"home": server.url}, token_files={"home": token_file}, inside=True
        )
        assert PriceFeed(MemoryLog(), prices, ManualClock(START_MS)).step() == RETRY_S
        assert not server.asked
    written = capsys.readouterr()
    assert fault in written.err + written.out
    assert not text or text not in written.err + written.out


def test_a_token_of_no_source_is_refused() -> None:
    with pytest.raises(ValueError, match=r"'hom' is no list of prices\.sources"):
        PriceSettings(sources={"home": "http://a"}, token_files={"hom": "/etc/token"})


def test_what_is_inside_the_network_is_not_asked() -> None:
    with serving((200, AWATTAR.encode(), {})) as server:
        for url in (server.url, server.url.replace("127.0.0.1", "localhost")):
            with pytest.raises(Faulty, match=r"inside the network.*prices\.inside=true"):
                fetch(url)
        assert not server.asked
    for address in ("10.1.2.3", "192.168.0.1", "169.254.169.254", "::1", "fd00::1", "0.0.0.0"):
        host = f"[{address}]" if ":" in address else address
        with pytest.raises(Faulty, match="inside the network"):
            fetch(f"https://{host}/")
    mapped = ip_address("::ffff:10.0.0.1")
    assert not is_outside(mapped)
    assert is_outside(ip_address("1.1.1.1"))


def test_who_leads_on_is_followed_and_looked_at_again() -> None:
    with serving((302, b"", {"Location": "/elsewhere"}), (200, b"[]", {})) as server:
        assert fetch(server.url, inside=True) == b"[]"
        assert [path.partition("/")[2] for path in server.asked] == ["v1/prices", "elsewhere"]
    with (
        serving((302, b"", {"Location": "ftp://127.0.0.1/"})) as server,
        pytest.raises(Faulty, match="neither http nor https"),
    ):
        fetch(server.url, inside=True)
    with serving((302, b"", {"Location": "/"})) as server, pytest.raises(Faulty, match="leads on"):
        fetch(server.url, inside=True)


def test_an_answer_has_its_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "MAX_BYTES", 10)
    with serving((200, b"x" * 11, {})) as server, pytest.raises(Faulty, match="more than 10 bytes"):
        fetch(server.url, inside=True)
    with serving((404, b"", {})) as server, pytest.raises(Faulty, match="answers 404"):
        fetch(server.url, inside=True)
    with serving((503, b"", {})) as server, pytest.raises(Unavailable, match="answers 503"):
        fetch(server.url, inside=True)


@pytest.mark.parametrize("url", ["spot", "file:///etc/passwd", "http://", "https://h:x/"])
def test_a_source_is_an_address(url: str) -> None:
    with pytest.raises(ValueError, match="is no address"):
        PriceSettings(sources={"spot": url})
