"""ClickHouse's HTTP on loopback in front of the engine: for page, API, CLI and a user's own tools.

    curl -u default:PASSWORD 'http://127.0.0.1:8401/?query=SELECT+count()+FROM+readings'

Address and password are in ``run/history.json`` of the data folder, readable for its owner only;
the password is new with each start. Everybody who has it may read (``guard.py``), nobody may write.
The password is looked at before a body is read, and a body is limited before it is unpacked.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import gzip
import hmac
import os
import re
import secrets
import zlib
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol
from urllib.parse import parse_qsl

import msgspec
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request
from starlette.types import Receive, Scope, Send

from energyguard.durable.atomic import write_atomically
from energyguard.errors import (
    EnergyGuardError,
    Malformed,
    OutOfRange,
    Overloaded,
    TimedOut,
    Unauthorized,
)
from energyguard.history.engine_watch import TOO_LONG
from energyguard.history.guard import only_reads
from energyguard.limits import ANSWER_S, QUESTION_BYTES, QUESTIONS_AT_ONCE, STATEMENT_BYTES
from energyguard.ports.server import Background
from energyguard.ports.sockets import listen
from energyguard.telemetry import logger

USER = "default"
CONNECTIONS = 256
_PART = 2**18  # of an answer: so much is handed to the network at once
_log = logger(__name__)


class Asking(Protocol):
    """What is behind the door."""

    def ask(self, sql: str, shape: str, parameters: Mapping[str, str]) -> bytes:
        """Run a statement that only reads, and give its answer in a format of ClickHouse."""
        ...

    def ask_named(self, name: str, parameters: Mapping[str, object]) -> bytes:
        """Answer a question of ours as an Arrow file."""
        ...


class HistoryServer:
    """The server: listens from the start, in a thread of its own, until ``close``."""

    def __init__(self, behind: Asking, host: str, port: int, card: Path) -> None:
        """Listen, and write the card with address and password.

        Args:
            behind: Who answers.
            host: The address to listen on.
            port: The port; 0 takes a free one.
            card: The file for address and password.

        Raises:
            ConfigError: The address cannot be listened on.
        """
        self.password = secrets.token_urlsafe(24)
        hint = "`--set history.port=0` takes a free one"
        listening = listen(host, port, hint)
        self.host, self.port = host, int(listening.getsockname()[1])
        self._answers = _Answers(behind, self.password.encode())
        self._server = Background(self._answers, listening, "history door", CONNECTIONS)
        self._card = card
        card.parent.mkdir(parents=True, exist_ok=True)
        address = {"host": host, "port": self.port, "user": USER, "password": self.password}
        write_atomically(card, msgspec.json.encode(address | {"pid": os.getpid()}))

    def close(self) -> None:
        """Take the card away and stop listening, after what is under way."""
        self._card.unlink(missing_ok=True)
        self._server.close()
        self._answers.close()


class _Answers:
    """The ASGI application: one question, one answer."""

    def __init__(self, behind: Asking, password: bytes) -> None:
        self._behind, self._password = behind, password
        self._threads = ThreadPoolExecutor(QUESTIONS_AT_ONCE, "question")
        self._asking = 0

    def close(self) -> None:
        """Take no further question; those under way end by themselves."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer ``/ping``, ``?query=`` and a statement in the body."""
        if scope["type"] != "http":
            await receive()
            await send({"type": "websocket.close", "code": 1008})
            return
        request = Request(scope, receive)
        given = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
        answer = _Sending(send, request.headers, given, scope["method"] == "HEAD")
        try:
            await self._answer(request, given, answer)
        except ClientDisconnect:
            return
        except (EnergyGuardError, UnicodeDecodeError, msgspec.DecodeError) as error:
            known = error if isinstance(error, EnergyGuardError) else Malformed(str(error), "query")
            await answer.refuse(known)
        except Exception as error:
            _log.error("a fault of ours", exc_info=error)
            await answer.refuse(EnergyGuardError("a fault of ours; the log has it"))

    async def _answer(self, request: Request, given: Mapping[str, str], answer: _Sending) -> None:
        if request.method not in ("GET", "POST", "HEAD"):
            raise Malformed(f"{request.method} is not known here: use GET or POST", "method")
        reads_body = request.method == "POST"
        if not reads_body and request.url.path in ("/ping", "/") and "query" not in given:
            await answer.send(200, b"Ok.\n")
            return
        self._let_in(request.headers)
        name = given.get("question", "")
        max_bytes = QUESTION_BYTES if name else STATEMENT_BYTES
        body = await _body(request, max_bytes) if reads_body else b""
        if name and reads_body:
            parameters = msgspec.json.decode(body, type=dict[str, str | int])
            found = await self._run(self._behind.ask_named, name, parameters)
            await answer.send(200, found, ("Format", "Arrow"))
            return
        sql, shape = only_reads((given.get("query", "") + " " + body.decode()).strip())
        shape = shape or given.get("default_format", "TabSeparated")
        bound = {k.removeprefix("param_"): v for k, v in given.items() if k[:6] == "param_"}
        found = await self._run(self._behind.ask, sql, shape, bound)
        await answer.send(200, found, ("Format", shape))

    async def _run(self, ask: Callable[..., bytes], *words: object) -> bytes:
        if self._asking >= QUESTIONS_AT_ONCE:
            raise Overloaded(f"history: {QUESTIONS_AT_ONCE} questions are being answered or wait")
        self._asking += 1
        try:
            loop = asyncio.get_running_loop()
            asking = loop.run_in_executor(self._threads, ask, *words)
            asking.add_done_callback(lambda _: self._answered())
        except RuntimeError:
            self._asking -= 1
            raise
        try:
            return await asyncio.wait_for(asyncio.shield(asking), ANSWER_S)
        except TimeoutError as error:  # the thread goes on; ``engine_watch.py`` looks after it
            raise TimedOut(TOO_LONG) from error

    def _answered(self) -> None:
        self._asking -= 1

    def _let_in(self, headers: Headers) -> None:
        word = headers.get("X-ClickHouse-Key", "")
        kind, _, basic = headers.get("Authorization", "").partition(" ")
        if kind.lower() == "basic":
            try:
                word = base64.b64decode(basic, validate=True).decode().partition(":")[2]
            except (binascii.Error, UnicodeError):
                word = ""
        if not hmac.compare_digest(word.encode(), self._password):
            raise Unauthorized(
                f"Authentication failed: user {USER}, password as in run/history.json"
            )


async def _body(request: Request, max_bytes: int) -> bytes:
    """A statement, unpacked; no more of it is read or unpacked than it may have."""
    length = request.headers.get("Content-Length", "")
    if length.isdigit():
        _within(int(length), max_bytes)
    body = bytearray()
    async for part in request.stream():
        body += part
        _within(len(body), max_bytes)
    packed = request.headers.get("Content-Encoding", "identity")
    if packed == "identity":
        return bytes(body)
    if packed != "gzip":
        raise Malformed(f"Content-Encoding {packed!r} is not known: use gzip", "body")
    try:
        opened = zlib.decompressobj(31).decompress(body, max_bytes + 1)
    except zlib.error as error:
        raise Malformed(f"the body is not gzip: {error}", "body") from error
    _within(len(opened), max_bytes)
    return opened


def _within(size: int, max_bytes: int) -> None:
    if size > max_bytes:
        raise OutOfRange(f"a statement has at most {max_bytes} bytes", "body")


class _Sending:
    """An answer as ClickHouse gives it."""

    def __init__(
        self, send: Send, headers: Headers, given: Mapping[str, str], head_only: bool
    ) -> None:
        self._send, self._head_only = send, head_only
        self._packs = given.get("enable_http_compression") == "1" and "gzip" in headers.get(
            "Accept-Encoding", ""
        )

    async def refuse(self, error: EnergyGuardError) -> None:
        """Answer with an error, its code where ClickHouse's clients look for it; then hang up."""
        status = 400 if error.status == 422 else error.status
        code = {401: 516, 429: 202, 400: 62, 504: 159}.get(status, 1002)
        text = str(error)
        if not text.startswith("Code: "):
            text = f"Code: {code}. DB::Exception: {text}"
        named = re.match(r"Code: (\d{1,6})\b", text)
        code = int(named[1]) if named else code
        hang_up = (b"connection", b"close")  # the body may not have been read
        await self.send(
            status, text.encode() + b"\n", ("Exception-Code", str(code)), more=[hang_up]
        )

    async def send(
        self,
        status: int,
        body: bytes,
        *extra: tuple[str, str],
        more: list[tuple[bytes, bytes]] | None = None,
    ) -> None:
        """Answer, in parts: each waits until the client has taken those before."""
        headers = [(f"x-clickhouse-{name.lower()}".encode(), v.encode()) for name, v in extra]
        headers += more or []
        if self._packs and len(body) > 1000:
            body = await asyncio.to_thread(gzip.compress, body, 1)
            headers.append((b"content-encoding", b"gzip"))
        headers.append((b"content-type", b"text/plain; charset=UTF-8"))
        headers.append((b"content-length", b"%d" % len(body)))
        await self._send({"type": "http.response.start", "status": status, "headers": headers})
        if self._head_only:
            body = b""
        view = memoryview(body)
        for start in range(0, max(1, len(body)), _PART):
            part = view[start : start + _PART]
            last = start + _PART >= len(body)
            await self._send({"type": "http.response.body", "body": part, "more_body": not last})
