"""Real servers of loopback that messages are sent to: a mail server, and a webhook's."""

from __future__ import annotations

import json
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session


class Hook(ThreadingHTTPServer):
    """A webhook: keeps what it gets, and answers what it is told to.

    Attributes:
        status: of its answers.
        headers: of its answers.
        drip_s: so long it waits before each byte of its answer, without end; 0: it does not.
    """

    daemon_threads = True
    status = 204
    drip_s = 0.0

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Taking)
        self.got: list[dict[str, Any]] = []
        self.ids: list[str] = []
        self.headers: dict[str, str] = {}
        self.meanwhile: Callable[[], object] = lambda: None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook/s3cr3t-path"


class _Taking(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        hook = cast(Hook, self.server)
        body = self.rfile.read(int(self.headers["Content-Length"]))
        hook.got.append(json.loads(body))
        hook.ids.append(self.headers["Idempotency-Key"])
        hook.meanwhile()
        self.send_response(hook.status)
        for name, value in hook.headers.items():
            self.send_header(name, value)
        self.end_headers()
        while hook.drip_s:
            try:
                self.wfile.write(b".")
                self.wfile.flush()
            except OSError:
                return
            time.sleep(hook.drip_s)

    def log_message(self, *args: object) -> None:
        pass


@contextmanager
def hooked() -> Iterator[Hook]:
    """A webhook's server."""
    with Hook() as hook:
        thread = Thread(target=hook.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield hook
        finally:
            hook.drip_s = 0.0
            hook.shutdown()
            thread.join()


class Mailbox:
    """What a mail server has taken; whose addresses it knows."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.raw: list[bytes] = []
        self.bounces: frozenset[str] = frozenset()
        self.is_busy = False
        self.port = 0
        self.logins: list[tuple[bytes, bytes]] = []

    def address(self, to: str = "mara@example.org") -> str:
        """The address of a route to somebody here."""
        return f"smtp://127.0.0.1:{self.port}?to={to}&from=energyguard@example.org"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.is_busy:
            return "451 try again later"
        if address in self.bounces:
            return "550 no such user here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        content = envelope.content
        assert isinstance(content, bytes)
        self.raw.append(content)
        self.mails.append(BytesParser(policy=default).parsebytes(content))
        return "250 taken"

    def let_in(self, *args: Any) -> AuthResult:
        """Note who logs in, and let all in."""
        login = cast(LoginPassword, args[-1])
        self.logins.append((login.login, login.password))
        return AuthResult(success=True)


@contextmanager
def mailing(
    *, tls: ssl.SSLContext | None = None, starttls: ssl.SSLContext | None = None
) -> Iterator[Mailbox]:
    """A mail server: by TLS from the first byte, with STARTTLS, or without either."""
    box = Mailbox()
    with socket.create_server(("127.0.0.1", 0)) as free:
        box.port = free.getsockname()[1]
    controller = Controller(
        box, hostname="127.0.0.1", port=box.port, ssl_context=tls, tls_context=starttls,
        authenticator=box.let_in, auth_require_tls=tls is None,
    )  # fmt: skip
    controller.start()
    try:
        yield box
    finally:
        controller.stop()
