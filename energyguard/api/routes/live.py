"""The live stream: server-sent events that resume after `Last-Event-ID`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Header, Query
from starlette.responses import StreamingResponse

from energyguard.alerts.alert import Alert
from energyguard.api.middleware import CurrentService
from energyguard.api.routes.answers import AlertBody
from energyguard.errors import Overloaded
from energyguard.service.alerts.feed import Anomaly
from energyguard.service.live.subscribers import read_positions
from energyguard.service.views import Kind, Update

router = APIRouter(tags=["live"])
HEARTBEAT_S = 15.0
_STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Events: `event` is the kind, `data` is JSON, `id` resumes after it.",
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
    }
}


@router.get("/live", response_class=StreamingResponse, responses=_STREAM)
async def live(
    service: CurrentService,
    kinds: Annotated[list[Kind] | None, Query(description="Only these kinds.")] = None,
    last_event_id: Annotated[str, Header(max_length=4_000)] = "",
) -> StreamingResponse:
    """Everything new as it comes: readings and progress as they are, alerts one by one.

    A slow reader gets `missed` with a count instead of what it could not take. An `anomaly` is the
    `alert` with which one fires for the first time: it comes in its place where it is asked for.
    """
    if service.live.listeners >= service.settings.serve.streams:
        raise Overloaded("all live streams are taken (`serve.streams`): wait", 5.0)
    return streamed(service.live.subscribe(kinds or [], resumable(last_event_id)), _event)


def resumable(event_id: str) -> str:
    """The id of an event to resume after; empty where it is none: begin with what is new."""
    try:
        read_positions(event_id)
    except ValueError:
        return ""
    return event_id


def streamed(
    updates: AsyncGenerator[Update, None], event: Callable[[Update], bytes]
) -> StreamingResponse:
    """Updates as server-sent events, with a comment now and then while there are none."""
    return StreamingResponse(
        _events(updates, event),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _events(
    subscribed: AsyncGenerator[Update, None], event: Callable[[Update], bytes]
) -> AsyncIterator[bytes]:
    yield b"retry: 2000\n\n"
    async with aclosing(subscribed) as updates:
        following = asyncio.ensure_future(anext(updates))
        try:
            while True:
                done, _ = await asyncio.wait({following}, timeout=HEARTBEAT_S)
                if not done:
                    yield b": still here\n\n"
                    continue
                yield event(following.result())
                following = asyncio.ensure_future(anext(updates))
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)


def _event(update: Update) -> bytes:
    data = update.data
    if isinstance(data, Anomaly):
        data = data.alert
    if isinstance(data, Alert):
        data = AlertBody.of(data).model_dump(mode="json")
    return written(update.id, update.kind, data)


def written(update_id: str, name: str, data: Any) -> bytes:
    """A server-sent event: resumed after by its id."""
    body = msgspec.json.encode(data)
    return b"id: %b\nevent: %b\ndata: %b\n\n" % (update_id.encode(), name.encode(), body)
