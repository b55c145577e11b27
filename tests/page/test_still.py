"""What is seen of a page before its scripts run: the same elements, as plain HTML."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from html.parser import HTMLParser

import pytest
from nicegui import Client, ui
from nicegui.testing import User, user_simulation

from energyguard.page.elements.components import Tag, button, symbol
from energyguard.page.elements.plots import Plot
from energyguard.page.frame.still import still_html


class SeenHtml(HTMLParser):
    """The elements of a piece of HTML: (tag, attributes), and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self.open: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in ("input", "path"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag != "path":
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        """The attributes of the elements of a kind."""
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture
async def page() -> AsyncIterator[Client]:
    async with user_simulation() as user:
        yield await opened(user)


async def opened(user: User) -> Client:
    """An empty page."""

    @ui.page("/empty")
    def empty() -> None:
        pass

    return await user.open("/empty")


async def test_elements_are_seen_as_the_framework_draws_them(page: Client) -> None:
    with page, Tag("section", "", "card wide", id="used", tabindex="-1"):
        Tag("h2", "Used today")
        symbol("bell")
        Tag("a", "to it", href="/devices/H001?a=1&b=2", aria_current="page")
        Tag("input", "", type="search", **{"^value": "a 'word'"})
    seen = SeenHtml(still_html(page.layout))
    assert seen.open == [] and "Used today" in seen.words
    assert seen.all("section") == [{"class": "card wide", "id": "used", "tabindex": "-1"}]
    (link,) = seen.all("a")
    assert link["href"] == "/devices/H001?a=1&b=2" and link["aria-current"] == "page"
    assert seen.all("input")[0]["value"] == "a 'word'" and len(seen.all("svg")) == 1
    assert [a["class"] for a in seen.all("main")] == ["q-page"]  # what stands around a view


async def test_what_people_named_is_text_and_no_script(page: Client) -> None:
    evil = "</p><script>alert(1)</script>' onclick='x"
    with page:
        Tag("p", evil, title=evil)
        Plot("line", evil).show({"name": evil})
    html = still_html(page.layout)
    seen = SeenHtml(html)
    assert "<script" not in html and evil in seen.words
    assert seen.all("p") == [{"title": evil}]
    (figure,) = seen.all("figure")
    assert figure["aria-label"] == evil and "onclick" not in figure


async def test_scripts_in_pictures_do_not_run_as_they_would_not_in_the_page(page: Client) -> None:
    with page:
        Tag("b", "", innerHTML="<script>alert(1)</script>")
    assert "<script" not in still_html(page.layout)


async def test_a_chart_brings_its_data_and_keeps_its_place(page: Client) -> None:
    with page:
        Plot("bars", "by hour", 190).show({"values": [1, None, 3]})
        Plot("line", "not known yet", 150)
    known, waiting = SeenHtml(still_html(page.layout)).all("figure")
    drawn = json.loads(known["data-plot"] or "")
    assert drawn["kind"] == "bars" and drawn["start"] == {"values": [1, None, 3]}
    assert known["style"] == "min-height:190px" and known["class"] == "plot waiting"
    assert not waiting["data-plot"] and waiting["style"] == "min-height:150px"


async def test_what_takes_a_press_has_the_pages_own_id(page: Client) -> None:
    with page:
        pressed = button("Save", lambda: None)
        Tag("span", "word")
    seen = SeenHtml(still_html(page.layout))
    assert [b["id"] for b in seen.all("button")] == [pressed.html_id]
    assert all("id" not in attributes for attributes in seen.all("span"))


async def test_what_is_hidden_or_takes_a_script_is_not_seen(page: Client) -> None:
    with page:
        Tag("p", "hidden").set_visibility(False)
        with ui.dialog():
            Tag("p", "asked later")
        ui.input("Search").classes("field seek")
        Tag("datalist", "", innerHTML="<option>Africa/Abidjan</option>")
    html = still_html(page.layout)
    seen = SeenHtml(html)
    assert [a["class"] for a in seen.all("p")] == ["hidden"]
    assert "asked later" not in html and "Abidjan" not in html
    assert {"class": "field seek"} in seen.all("div")  # its place is kept
