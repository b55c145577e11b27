"""The role `serve`: API and page in one process."""

from __future__ import annotations

import asyncio
import gc
import os
import socket
from threading import Event
from typing import Final

import msgspec

from energyguard.access.tokens import Tokens
from energyguard.api.app import build_app
from energyguard.api.gate.auth import check_auth
from energyguard.clock import SYSTEM
from energyguard.durable.atomic import write_atomically
from energyguard.history.client import HistoryClient
from energyguard.log import open_log
from energyguard.ports.server import serve
from energyguard.ports.sockets import listen
from energyguard.service.service import EnergyService
from energyguard.settings.tree import Settings
from energyguard.telemetry import logger

COLLECTED_AFTER: Final = 10_000, 10, 10
"""Garbage is looked for after so many new objects (Python: 700). A page is thousands of small
ones, and most of a busy page's time went into looking at those of all pages again and again."""


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
    hint = "`--set serve.port=0` takes a free one"
    listening = listen(settings.serve.host, settings.serve.port, hint)
    history = HistoryClient(settings.data_dir)
    log = open_log(settings.log_url, options=settings.log.kafka)
    try:
        with EnergyService(log, history, settings, SYSTEM) as service:
            tokens = Tokens(settings.data_dir)
            app = build_app(service, tokens, settings.serve.host)
            gc.collect()
            gc.freeze()  # what is there now stays: each collection would look at it again
            gc.set_threshold(*COLLECTED_AFTER)
            asyncio.run(
                serve(
                    app,
                    listening,
                    stop,
                    lambda: _announce(settings, tokens, listening),
                    settings.serve.connections,
                )
            )
    finally:
        listening.close()
        log.close()
        history.close()


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
