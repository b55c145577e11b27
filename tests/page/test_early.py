"""A page's beginning is sent before its numbers are known, and they are seen without a script."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import nicegui
from nicegui import core
from nicegui.testing import user_simulation
from starlette.types import Message

from energyguard.page.elements.components import Tag
from energyguard.page.elements.plots import Plot
from energyguard.page.frame.context import PageContext, View
from energyguard.page.mount import add_pages
from tests.application.service import MadeUpService


async def test_the_beginning_is_sent_while_the_service_is_asked(service: MadeUpService) -> None:
    begun, parts = asyncio.Event(), list[bytes]()

    def build(context: PageContext) -> None:
        shown = Tag("p", "not known yet")
        Plot("line", "a line").show({"xs": [1], "ys": [2]})

        async def ask() -> None:
            await begun.wait()  # as long as it takes: only the page's beginning ends it
            shown.text = "known now"

        context.every(60.0, ask)

    async def send(message: Message) -> None:
        if message["type"] == "http.response.body":
            parts.append(message["body"])
        if message.get("more_body"):
            begun.set()

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async with user_simulation():
        add_pages(service, (View("/slow", "Slow", "", build, bare=True),))
        scope = {
            "type": "http", "method": "GET", "path": "/slow", "raw_path": b"/slow",
            "query_string": b"", "headers": [], "scheme": "http", "root_path": "",
            "http_version": "1.1", "server": ("here", 80), "client": ("here", 1), "state": {},
        }  # fmt: skip
        await core.app(scope, receive, send)
    first, seen, last = filter(None, parts)
    (letters,) = re.findall(rb'as="font"[^>]* href="/_nicegui/[^/]*/([^"]*)"', first)
    assert (Path(nicegui.__file__).parent / letters.decode()).is_file()
    assert b"quasar.umd" in first and b"/line.js" in first and b"createApp" not in first
    assert seen.startswith(b'<div id="still">') and b"<p>known now</p>" in seen
    assert b"<script" in seen and b"/still.js" in seen  # draws the chart
    assert b"createApp" in last and b"known now" in last and b"not known yet" not in last
