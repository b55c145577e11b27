"""ClickHouse's HTTP on loopback in front of the engine: for page, API, CLI and a user's own tools.

    curl -u default:PASSWORD 'http://127.0.0.1:8401/?query=SELECT+count()+FROM+readings'

Address and password are in ``run/history.json`` of the data folder, readable for its owner only;
the password is new with each start. Everybody may read (``guard.py``), nobody may write.
"""

from __future__ import annotations

import base64
import binascii
import gzip
import hmac
import json
import os
import secrets
import threading
import zlib
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar, Protocol
from urllib.parse import parse_qsl, urlsplit

from energyguard.errors import EnergyGuardError, Malformed, OutOfRange, Unauthorized
from energyguard.history.guard import only_reads

BODY_LIMIT = 2**20
USER = "default"


class Asked(Protocol):
    """What is behind the door."""

    def ask(self, sql: str, shape: str, parameters: Mapping[str, str]) -> bytes:
        """Run a statement that only reads, and give its answer in a format of ClickHouse."""
        ...


class Door:
    """The server: listens from the start, in threads of its own, until ``close``."""

    def __init__(self, behind: Asked, host: str, port: int, card: Path) -> None:
        """Listen, and write the card with address and password.

        Args:
            behind: Who answers.
            host: The address to listen on.
            port: The port; 0 takes a free one.
            card: The file for address and password.
        """
        self.password = secrets.token_urlsafe(24)
        handler = type(
            "Handler", (_Handler,), {"behind": behind, "password": self.password.encode()}
        )
        self._server = _Server((host, port), handler)
        self.host, self.port = host, int(self._server.server_address[1])
        self._card = card
        self._write_card()
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), daemon=True)
        self._thread.start()

    def _write_card(self) -> None:
        self._card.parent.mkdir(parents=True, exist_ok=True)
        new = self._card.with_suffix(".new")
        new.unlink(missing_ok=True)
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(
                {"host": self.host, "port": self.port, "user": USER, "password": self.password,
                 "pid": os.getpid()},
                file,
            )  # fmt: skip
        new.replace(self._card)

    def close(self) -> None:
        """Stop listening and take the card away."""
        self._card.unlink(missing_ok=True)
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 60
    disable_nagle_algorithm = True
    wbufsize = -1  # head and body leave in one write
    behind: ClassVar[Asked]
    password: ClassVar[bytes]

    def log_message(self, *_: object) -> None:
        """Say nothing: the metrics count the questions."""

    def do_GET(self) -> None:
        """Answer ``?query=``, ``/ping`` and ``/``."""
        self._answer()

    def do_POST(self) -> None:
        """Answer a statement in the body."""
        self._answer()

    def _answer(self) -> None:
        url = urlsplit(self.path)
        given = dict(parse_qsl(url.query, keep_blank_values=True))
        try:
            body = self._body()
            if self.command == "GET" and url.path in ("/ping", "/") and "query" not in given:
                self._send(200, b"Ok.\n", given)
                return
            self._let_in()
            sql, shape = only_reads((given.get("query", "") + " " + body.decode()).strip())
            shape = shape or given.get("default_format", "TabSeparated")
            bound = {k.removeprefix("param_"): v for k, v in given.items() if k[:6] == "param_"}
            self._send(200, self.behind.ask(sql, shape, bound), given, ("Format", shape))
        except (EnergyGuardError, UnicodeDecodeError) as error:
            known = error if isinstance(error, EnergyGuardError) else Malformed(str(error), "query")
            self._refuse(known, given)

    def _let_in(self) -> None:
        word = self.headers.get("X-ClickHouse-Key", "")
        kind, _, basic = self.headers.get("Authorization", "").partition(" ")
        if kind.lower() == "basic":
            try:
                word = base64.b64decode(basic, validate=True).decode().partition(":")[2]
            except (binascii.Error, UnicodeDecodeError):
                word = ""
        if not hmac.compare_digest(word.encode(), self.password):
            raise Unauthorized(
                f"Authentication failed: user {USER}, password as in run/history.json"
            )

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            body = self._chunks()
        else:
            length = self.headers.get("Content-Length") or "0"
            body = self.rfile.read(_within(int(length) if length.isdigit() else BODY_LIMIT + 1))
        packed = self.headers.get("Content-Encoding", "identity")
        if packed == "identity":
            return body
        if packed != "gzip":
            raise Malformed(f"Content-Encoding {packed!r} is not known: use gzip", "body")
        try:
            opened = zlib.decompressobj(31).decompress(body, BODY_LIMIT + 1)
        except zlib.error as error:
            raise Malformed(f"the body is not gzip: {error}", "body") from error
        _within(len(opened))
        return opened

    def _chunks(self) -> bytes:
        body = bytearray()
        while size := int(self.rfile.readline(20).split(b";")[0] or b"0", 16):
            _within(len(body) + size)
            body += self.rfile.read(size)
            self.rfile.readline(3)
        self.rfile.readline(3)
        return bytes(body)

    def _refuse(self, error: EnergyGuardError, given: Mapping[str, str]) -> None:
        self.close_connection = True  # the body may not have been read
        status = 400 if error.status == 422 else error.status
        code = {401: 516, 429: 202, 400: 62}.get(status, 1002)
        text = str(error)
        if not text.startswith("Code: "):
            text = f"Code: {code}. DB::Exception: {text}"
        code = int("".join(c for c in text[6:12].split(".")[0] if c.isdigit()) or code)
        self._send(status, text.encode() + b"\n", given, ("Exception-Code", str(code)))

    def _send(
        self, status: int, body: bytes, given: Mapping[str, str], *extra: tuple[str, str]
    ) -> None:
        self.send_response(status)
        if (
            given.get("enable_http_compression") == "1"
            and "gzip" in self.headers.get("Accept-Encoding", "")
            and len(body) > 1000
        ):
            body = gzip.compress(body, 1)
            self.send_header("Content-Encoding", "gzip")
        for name, value in extra:
            self.send_header(f"X-ClickHouse-{name}", value)
        self.send_header("Content-Type", "text/plain; charset=UTF-8")
        self.send_header("Content-Length", str(len(body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()


def _within(size: int) -> int:
    if size > BODY_LIMIT:
        raise OutOfRange(f"a statement has at most {BODY_LIMIT} bytes", "body")
    return size
