"""The role `serve`: API and page in one process."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Callable, Iterator
from threading import Event

import msgspec
import uvicorn
from starlette.types import ASGIApp

from energyguard.clock import SYSTEM
from energyguard.config import Settings
from energyguard.durable.atomic import write_atomically
from energyguard.errors import ConfigError
from energyguard.history.client import HistoryClient
from energyguard.log import open_log
from energyguard.serve.app import build_app
from energyguard.serve.auth import check_auth
from energyguard.serve.desk import Desk
from energyguard.serve.tokens import Tokens
from energyguard.telemetry import logger

DRAIN_S = 3
"""Open requests get this long to end when the role stops; live streams are cut then."""


class Card(msgspec.Struct, frozen=True):
    """``run/serve.json``: where the page is, and a fresh one-time log-in link."""

    pid: int
    url: str
    login: str


def run(settings: Settings, stop: Event) -> None:
    """Serve until told to stop; returns when open requests have ended.

    Raises:
        ConfigError: the address cannot be listened on, or is open to others without a log-in.
    """
    check_auth(settings.serve.auth, settings.serve.host)
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    listening = _listen(settings.serve.host, settings.serve.port)
    history = HistoryClient(settings.data_dir)
    log = open_log(settings.log_url, options=settings.log.kafka)
    try:
        with Desk(log, history, settings, SYSTEM) as desk:
            tokens = Tokens(settings.data_dir)
            app = build_app(desk, tokens, settings.serve.host)
            asyncio.run(serve(app, listening, stop, lambda: _announce(settings, tokens, listening)))
    finally:
        listening.close()
        log.close()
        history.close()


async def serve(
    app: ASGIApp, listening: socket.socket, stop: Event, ready: Callable[[], None]
) -> None:
    """Answer on a socket until told to stop; say ``ready`` when the first request can come."""
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        lifespan="on",
        server_header=False,
        timeout_graceful_shutdown=DRAIN_S,
    )
    server = _Server(config)
    serving = asyncio.create_task(server.serve([listening]))
    while not server.started and not serving.done():
        await asyncio.sleep(0.01)
    if server.started:
        ready()
    while not stop.is_set() and not serving.done():
        await asyncio.sleep(0.05)
    server.should_exit = True
    await serving


class _Server(uvicorn.Server):
    """Leaves signals to the role's process."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # asyncio: no Nagle
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        raise ConfigError(
            f"serve.port: cannot listen on {host}:{port}: {error.strerror}; "
            "`--set serve.port=0` takes a free one"
        ) from error
    return listening


def _announce(settings: Settings, tokens: Tokens, listening: socket.socket) -> None:
    host, port = settings.serve.host, listening.getsockname()[1]
    shown = f"[{host}]" if ":" in host else {"0.0.0.0": "127.0.0.1"}.get(host, host)
    url = f"http://{shown}:{port}/"
    log = logger(__name__)
    login = f"{url}login?key={tokens.make_link()}" if settings.serve.auth else url
    if not settings.serve.auth:
        log.warning("NO LOG-IN: everyone on this machine can see and do everything", url=url)
    folder = settings.data_dir / "run"
    folder.mkdir(exist_ok=True)
    card = Card(os.getpid(), url, login)
    write_atomically(folder / "serve.json", msgspec.json.encode(card))
    log.info("listening", url=url)
