"""The page alone, over a service of made-up numbers, served in this process."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
import uvicorn
from fastapi import FastAPI
from nicegui import app as pages
from nicegui.slot import Slot

from energyguard.access.tokens import Tokens
from energyguard.api.app import build_app
from energyguard.page.mount import SOMEBODY, mount
from energyguard.ports.server import serve
from energyguard.ports.sockets import listen
from energyguard.service.limited.callers import CallerServices
from tests.application.service import MadeUpService


class Shown(NamedTuple):
    """What is served, where, and by what."""

    service: MadeUpService
    address: str
    server: uvicorn.Server


@contextmanager
def _as_if_never_started() -> Iterator[None]:
    """NiceGUI's one application may be served again, and beside itself.

    What it sweeps every ten seconds, stacks of tasks that are over, it sees in its own event loop
    alone: it would take those away in which another server of this process draws.
    """

    async def sweep_nothing() -> None: ...

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pages, "middleware_stack", None)
        patch.setattr(pages, "user_middleware", [])
        patch.setattr(Slot, "prune_stacks", sweep_nothing)
        yield


@contextmanager
def shown(floors: int = 20, made: MadeUpService | None = None) -> Iterator[Shown]:
    """Serve the page, over a service that was ``made`` or one of some floors."""
    service = made or MadeUpService(floors=floors)
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    with _as_if_never_started(), socket.socket() as ear:
        mount(app, CallerServices(service), stranger=SOMEBODY)
        ear.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", ws="websockets-sansio"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [ear]})
        thread.start()
        while not server.started:
            time.sleep(0.02)
        yield Shown(service, f"http://127.0.0.1:{ear.getsockname()[1]}", server)
        server.should_exit = True
        thread.join(15)


@contextmanager
def whole(made: MadeUpService) -> Iterator[str]:
    """Serve page, API and gate, as ``serve`` does, over a service without log-in; the address."""
    with _as_if_never_started():
        app = build_app(made, Tokens(Path(made.settings.data_dir)), "127.0.0.1")
        listening, stop, ready = listen("127.0.0.1", 0, ""), threading.Event(), threading.Event()
        serving = threading.Thread(
            target=lambda: asyncio.run(serve(app, listening, stop, ready.set))
        )
        serving.start()
        assert ready.wait(60)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        stop.set()
        serving.join(20)
