"""Clients that do not speak, do not listen, or speak for ever: each goes, and nobody else waits."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from energyguard.limits import HEADERS, PIPELINED
from energyguard.ports import connections
from energyguard.ports.server import Background
from energyguard.ports.sockets import listen
from tests.hostile.served import connect, exchange, is_closed, many, rest

LARGE = 40_000_000
ROOM = 20


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Says how long the body was; streams what is large."""
    request = Request(scope, receive)
    if scope["path"] == "/large":
        parts = (b"x" * 100_000 for _ in range(LARGE // 100_000))
        await StreamingResponse(parts)(scope, receive, send)
        return
    if scope["path"] == "/early":
        await Response(b"no", 401)(scope, receive, send)
        return
    try:
        body = await request.body()
    except ClientDisconnect:
        return
    await Response(b"%d bytes" % len(body))(scope, receive, send)


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with pytest.MonkeyPatch.context() as limits:
        limits.setattr(connections, "SWEEP_S", 0.05)
        for name in ("HEAD_S", "BODY_S", "KEEP_ALIVE_S"):
            limits.setattr(connections, name, 0.5)
        limits.setattr(connections, "STUCK_S", 1.0)
        listening = listen("127.0.0.1", 0, "")
        server = Background(application, listening, "slow", ROOM)
        yield listening.getsockname()[1]
        server.close()


GET = b"GET /%b HTTP/1.1\r\nHost: x\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n"


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        (b"", b""),
        (b"G", b"408"),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX: ", b"408"),
        (POST + b"a little", b"408"),
        (POST.replace(b"Content-Length: 1000", b"Transfer-Encoding: chunked") + b"5\r\nab", b"408"),
        (GET % b"", b"200"),
        (GET % b"early" + b"G", b"408"),
    ],
)
def test_who_says_no_more_is_let_go(port: int, said: bytes, answer: bytes) -> None:
    came = exchange(port, said)
    assert answer in came


def test_a_head_byte_by_byte_has_no_longer_than_one_at_once(port: int) -> None:
    with connect(port) as one:
        for byte in (GET % (b"a" * 200))[:200]:
            try:
                one.sendall(bytes([byte]))
            except OSError:
                break
            time.sleep(0.02)
        else:
            pytest.fail("four seconds for a head")


def test_a_body_byte_by_byte_is_let_go(port: int) -> None:
    with connect(port) as one:
        one.sendall(POST)
        for _ in range(300):
            try:
                one.sendall(b"x")
            except OSError:
                return
            time.sleep(0.02)
    pytest.fail("six seconds for a body")


def test_a_body_that_comes_along_is_waited_for(port: int) -> None:
    with connect(port) as one:
        one.sendall(POST.replace(b"1000", b"20000"))
        for _ in range(20):  # a second and a half, and fast enough
            one.sendall(b"x" * 1_000)
            time.sleep(0.075)
        assert b"20000 bytes" in one.recv(10_000)


def test_who_does_not_take_the_answer_is_let_go(port: int) -> None:
    with connect(port) as one:
        one.sendall(GET % b"large")
        time.sleep(2.5)
        assert len(rest(one)) < LARGE


def test_who_takes_the_answer_slowly_gets_it_whole(port: int) -> None:
    with connect(port) as one:
        one.sendall(GET % b"large")
        came = 0
        while came < LARGE:
            part = one.recv(1_000_000)
            assert part
            came += len(part)
            time.sleep(0.01)


@pytest.mark.parametrize(
    "sent",
    [
        b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * (HEADERS + 1) + b"\r\n",
        b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 50_000,
        b"GET / HTTP/1.1\r\nX: " + b"y" * 10_000_000,
        b"GET /" + b"a" * 10_000_000,
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + b"f" * 20 + b"\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET /\x00 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"\x00" * 100_000,
        (GET % b"large") + (GET % b"") * 100 * PIPELINED,
    ],
    ids=range(14),
)
def test_what_is_no_request_costs_nothing(port: int, sent: bytes) -> None:
    came = exchange(port, sent)
    assert not came or came.split(b" ")[1] in (b"400", b"431", b"408") or b"200 OK" in came[:15]
    assert b"200 OK" in exchange(port, GET % b"")


def test_requests_behind_one_another_are_answered_in_order(port: int) -> None:
    came = exchange(port, (GET % b"") * 5)
    assert came.count(b"0 bytes") == 5


def test_connections_that_say_nothing_make_room(port: int) -> None:
    with many(port, 3 * ROOM, b"GET / HTTP/1.1\r\n") as idle:
        assert b"200 OK" in exchange(port, GET % b"")
        assert sum(map(is_closed, idle)) > ROOM


def test_connections_that_are_answered_do_not(port: int) -> None:
    with many(port, ROOM, GET % b"large") as busy:
        time.sleep(0.3)
        came = exchange(port, GET % b"")
        assert b"503" in came
        assert b"retry-after" in came
        assert not any(b"503" in one.recv(12) for one in busy)
