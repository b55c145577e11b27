"""Hostile bodies and idle connections at every port: sizes and passwords before trust."""

from __future__ import annotations

import asyncio
import base64
import gzip
import resource
import socket
import struct
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress

import httpx
import msgspec
import psutil
import pytest

from energyguard.history.client import CARD
from energyguard.history.door import HistoryServer
from energyguard.limits import (
    FRAME_BYTES,
    GREETING_BYTES,
    QUESTIONS_AT_ONCE,
    STATEMENT_BYTES,
    UNGREETED,
)
from energyguard.ports.metrics import answer_metrics
from energyguard.store.ring import transport
from energyguard.store.ring.messages import Message
from energyguard.store.ring.transport import Greeting, Links
from tests.hostile.served import Served, connect, exchange, is_closed, many, serving

CHUNKED = b"POST / HTTP/1.1\r\nHost: x\r\n%bTransfer-Encoding: chunked\r\n\r\n"


class Counting:
    """Answers after a while, and counts how many wait at once."""

    def __init__(self) -> None:
        self.asked, self.now, self.most = 0, 0, 0
        self.go = threading.Event()
        self._lock = threading.Lock()

    def ask_named(self, name: str, parameters: Mapping[str, object]) -> bytes:
        return self.ask(name, "", {})

    def ask(self, sql: str, shape: str, parameters: Mapping[str, str]) -> bytes:
        with self._lock:
            self.asked, self.now = self.asked + 1, self.now + 1
            self.most = max(self.most, self.now)
        if "slow" in sql:
            self.go.wait(30)
        with self._lock:
            self.now -= 1
        return b"1\n"


@pytest.fixture(scope="module")
def behind() -> Counting:
    return Counting()


@pytest.fixture(scope="module")
def door(behind: Counting, tmp_path_factory: pytest.TempPathFactory) -> Iterator[HistoryServer]:
    opened = HistoryServer(behind, "127.0.0.1", 0, tmp_path_factory.mktemp("door") / CARD)
    yield opened
    opened.close()


def basic(door: HistoryServer) -> bytes:
    return (
        b"Authorization: Basic " + base64.b64encode(f"default:{door.password}".encode()) + b"\r\n"
    )


@pytest.mark.parametrize("size", [b"-1", b"-7fffffff", b"ffffffffffffffff", b"1" * 5_000, b"zz"])
def test_a_chunk_of_no_size_is_refused_at_once(door: HistoryServer, size: bytes) -> None:
    for known in (b"", basic(door)):
        before = psutil.Process().memory_info().rss
        with connect(door.port, 20) as one:
            one.sendall(CHUNKED % known + size + b"\r\n")
            try:
                for _ in range(200):
                    one.sendall(b"x" * 100_000)
            except OSError:
                pass
            else:
                pytest.fail("20 MB were taken")
        assert psutil.Process().memory_info().rss < before + 10_000_000


def test_the_password_comes_before_the_body(door: HistoryServer, behind: Counting) -> None:
    asked = behind.asked
    with connect(door.port, 20) as one:
        one.sendall(CHUNKED % b"")  # and no body at all
        assert b" 401 " in one.recv(200)
    with connect(door.port, 20) as one:
        one.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n")
        assert b" 401 " in one.recv(200)
    assert behind.asked == asked


def test_a_statement_is_limited_before_it_is_unpacked(
    door: HistoryServer, behind: Counting
) -> None:
    asked = behind.asked
    url, auth = f"http://127.0.0.1:{door.port}/", ("default", door.password)
    bomb = gzip.compress(b" " * 30 * STATEMENT_BYTES)
    for body, headers in (
        (bomb[:10_000], {"Content-Encoding": "gzip"}),
        (bomb, {"Content-Encoding": "gzip"}),
        (iter([b" " * 65_536] * 100), {}),
    ):
        answer = httpx.post(url, content=body, headers=headers, auth=auth, trust_env=False)
        assert answer.status_code == 400
        assert "DB::Exception" in answer.text
    assert behind.asked == asked


def test_questions_wait_in_bounded_number(door: HistoryServer, behind: Counting) -> None:
    threads = threading.active_count()
    asking = b"GET /?query=SELECT+slow HTTP/1.1\r\nHost: x\r\n" + basic(door) + b"\r\n"
    with many(door.port, QUESTIONS_AT_ONCE + 30, asking) as waiting:
        end = time.monotonic() + 30
        refused: list[socket.socket] = []
        while len(refused) < 30:
            refused = [one for one in waiting if _readable(one)]
            assert time.monotonic() < end
        assert all(b" 429 " in one.recv(200) for one in refused)
        assert threading.active_count() <= threads + QUESTIONS_AT_ONCE
        assert behind.most <= QUESTIONS_AT_ONCE
        behind.go.set()
        others = [one for one in waiting if one not in refused]
        assert all(b" 200 " in one.recv(200) for one in others)


def _readable(one: socket.socket) -> bool:
    one.settimeout(0.01)
    try:
        return one.recv(1, socket.MSG_PEEK) != b""
    except TimeoutError:
        return False
    finally:
        one.settimeout(30)


def test_idle_connections_do_not_stop_the_door(door: HistoryServer) -> None:
    with many(door.port, 400, b"GET / HTTP/1.1\r\n"):
        assert b"Ok." in exchange(door.port, b"GET /ping HTTP/1.0\r\n\r\n")


def test_idle_connections_do_not_stop_the_metrics() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = answer_metrics(f"127.0.0.1:{port}")
    with many(port, 200, b"GET / HTTP/1.1\r\n"):
        got = exchange(port, b"GET /metrics?\xff HTTP/1.0\r\n\r\n")
        assert b"200 OK" in got or b"400" in got
        assert b"energyguard_readings" in exchange(port, b"GET /metrics HTTP/1.0\r\n\r\n")
    server.close()


# The transport between nodes


def frame(body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + body


@pytest.fixture
async def node() -> tuple[Links, int, list[tuple[str, Message]]]:
    came: list[tuple[str, Message]] = []
    links = Links(
        "http://127.0.0.1:1", lambda name, message: came.append((name, message)), "secret"
    )
    await links.listen("127.0.0.1", 0)
    assert links._server is not None
    return links, links._server.sockets[0].getsockname()[1], came


async def test_nothing_but_a_small_greeting_is_taken_before_it(
    node: tuple[Links, int, list[tuple[str, Message]]],
) -> None:
    links, port, came = node
    guess = frame(msgspec.msgpack.encode(Greeting("x", "guess")))
    for sent in (
        struct.pack(">I", FRAME_BYTES) + b"x" * 1_000_000,
        struct.pack(">I", GREETING_BYTES + 1),
        frame(b"\xc1" * 100),
        guess * 1_000 + frame(msgspec.msgpack.encode(Greeting("x", "secret"))),
    ):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(sent)
        with suppress(ConnectionResetError):
            assert await asyncio.wait_for(reader.read(), 20) == b""
        assert not links.is_up("x")
        writer.close()
    assert came == []
    await links.close()


async def test_callers_that_do_not_greet_go(
    node: tuple[Links, int, list[tuple[str, Message]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    links, port, _ = node
    silent = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3 * UNGREETED)]
    friend = Links("c-1", lambda *_: None, "secret")
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(frame(msgspec.msgpack.encode(Greeting("friend", "secret"))))
    async with asyncio.timeout(20):
        while not links.is_up("friend"):
            await asyncio.sleep(0.01)
        assert len(links._ungreeted) <= UNGREETED
    monkeypatch.setattr(transport, "GREETING_S", 0.2)
    late, _late_writer = await asyncio.open_connection("127.0.0.1", port)
    assert await asyncio.wait_for(late.read(), 20) == b""
    assert links.is_up("friend")
    for _, one in silent:
        one.close()
    writer.close()
    await friend.close()
    await links.close()


# The page, in a process of its own


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A page whose process may open 256 files."""
    with serving(tmp_path_factory.mktemp("page"), "serve.auth=false", files=256) as served:
        yield served


def test_idle_connections_do_not_stop_the_page(page: Served) -> None:
    """300 connections on which nobody goes on."""
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] > 400
    url = f"http://127.0.0.1:{page.port}"
    with (
        many(page.port, 150, b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n") as idle,
        many(page.port, 150) as silent,
        httpx.Client(base_url=url, trust_env=False, timeout=60) as browser,
    ):
        assert browser.get("/healthz").json() == {"ok": True}
        home = browser.get("/")
        assert home.status_code == 200
        assert "EnergyGuard" in home.text
        assert sum(map(is_closed, idle + silent)) >= 100
    assert "Traceback" not in page.log()
    assert page.log().count("no room for more connections") == 1


PATHS = (
    "/../../../etc/passwd",
    "/ui/../../../../etc/passwd",
    "/ui/..%2f..%2f..%2fetc%2fpasswd",
    "/_nicegui/%2e%2e/%2e%2e/etc/passwd",
    "/ui/%00",
    "/%00",
    "/api/v1/devices/%00",
    "/api/v1/alerts/..%2f..",
    "/" + "a/" * 5_000,
    "/ui/" + "%ff" * 100,
)


def test_paths_that_are_none(page: Served) -> None:
    for path in PATHS:
        head = f"GET {path} HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n"
        came = exchange(page.port, head.encode())
        status = int(came.split(b" ")[1])
        assert status in (200, 400, 404, 422), (path, came[:300])
        assert b"root:" not in came
        assert b"Internal Server Error" not in came
    assert "Traceback" not in page.log()
