"""What a process counts, answered to Prometheus at a port of its own."""

from __future__ import annotations

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from energyguard.errors import ConfigError
from energyguard.ports.server import Background
from energyguard.ports.sockets import listen
from energyguard.telemetry import registry

SCRAPERS = 64


def answer_metrics(address: str) -> Background:
    """Answer Prometheus at ``host:port`` with what this process counts, for as long as it lives.

    Raises:
        ConfigError: that is no address, or it cannot be listened on.
    """
    host, _, port = address.rpartition(":")
    if not (host and port.isdigit()):
        raise ConfigError(f"--metrics {address}: write it as host:port, such as 127.0.0.1:9400")
    try:
        listening = listen(host.strip("[]"), int(port), "another port may be free")
    except ConfigError as error:
        raise ConfigError(f"--metrics {address}: {error}") from error
    return Background(_metrics, listening, "metrics", SCRAPERS)


async def _metrics(scope: Scope, receive: Receive, send: Send) -> None:
    """The same to every path and method; a body is not read."""
    if scope["type"] != "http":
        await receive()
        await send({"type": "websocket.close", "code": 1008})
        return
    answer = Response(generate_latest(registry()), media_type=CONTENT_TYPE_LATEST)
    await answer(scope, receive, send)
