"""No view says a word in English to who reads another language: every text goes through ``_()``.

Each view is built for a reader whose translations put marks around every text. What is outside of
all marks, and has letters, is either data (names, ids, units, commands) or was forgotten.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from nicegui.element import Element
from nicegui.testing import User, user_simulation

from energyguard.domains.regions.states import STATES
from energyguard.page import mount
from energyguard.page.elements.plots import Plot, ReadingFeed
from energyguard.service.notify.contract import RouteFields
from energyguard.settings.notify import NotifySettings
from energyguard.settings.tree import Settings
from tests.application.edges import edge_service
from tests.application.service import MadeUpService
from tests.page.marking import GERMAN_MARKED, unmarked, words_left
from tests.page.test_cluster_view import NODES, FakeCluster

SAID = ("aria-label", "placeholder", "title", "alt", "label", "suffix", "aria-roledescription")
"""The properties of an element that somebody reads or hears."""
DATA = frozenset(state.name for state in STATES) | frozenset(
    (
        "somebody", "Harbour Street", "Market Square", "Old Mill", "energy_kwh", "energy_readings",
        "mara", "joe", "roof", "attic", "cellar", "barn", "consistent",
        "energyguard", "timedatectl", "row", "timestamp", "march.csv", "ole", "desk", "English", "https://127.0.0.1/…",
    )
)  # fmt: skip
"""Names, ids and commands that the made-up systems have."""
UNREAD = ("pre", "code", "kbd", "option", "script", "style")
"""What is to be typed, or stands for choices of data."""


def texts_of(element: Element) -> Iterator[str]:
    """What an element says."""
    if element.tag in UNREAD:
        return
    text = getattr(element, "text", None)
    if isinstance(text, str):
        yield text
    for name in SAID:
        if isinstance(value := element._props.get(name), str):
            yield value
    if isinstance(element, Plot | ReadingFeed):
        yield from strings(element._props.get("start"))
        yield from strings(element._props.get("words"))


def strings(data: Any) -> Iterator[str]:
    """Every text in a chart's data that is shown."""
    if isinstance(data, str):
        yield data
    elif isinstance(data, dict):
        for key, value in data.items():
            if key not in ("href", "hrefs", "state", "zone", "id", "d", "unit", "parts"):
                yield from strings(value)
    elif isinstance(data, list | tuple):
        for value in data:
            yield from strings(value)


@pytest.fixture(autouse=True)
def _marking(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mount, "reader_of", lambda *_: GERMAN_MARKED)


def forgotten(user: User, data: Sequence[str]) -> list[str]:
    """The texts of the page with words that nobody translated."""
    assert user.client is not None
    texts = (text for element in user.client.elements.values() for text in texts_of(element))
    return sorted({text for text in texts if words_left(text, data)})


def names_in(service: MadeUpService) -> Sequence[str]:
    """What people and domains called sites, devices and rules; the longest first."""
    entries = service.catalogue.entries
    kept = entries.sites, entries.devices, entries.groups
    called = {entry.name for table in kept for entry in table.values() if entry.name}
    rules = {rule.id for rule in service.rules.all()}
    nodes = {node.removeprefix("http://") for node in NODES}
    return sorted(called | rules | nodes | DATA, key=len, reverse=True)


def with_floors() -> MadeUpService:
    return MadeUpService(floors=5)


def with_routes() -> MadeUpService:
    service = MadeUpService(settings=Settings(notify=NotifySettings(inside=True)))
    hook = RouteFields(address="https://127.0.0.1:9/x", quiet="22:00-06:30", unanswered_min=5)
    service.routes.put("desk", hook, "mara")
    service.routes.test("desk", "mara")  # nobody is there
    return service


def with_nodes() -> MadeUpService:
    service = MadeUpService()
    service.cluster = FakeCluster()
    return service


SYSTEMS: tuple[tuple[Callable[[], MadeUpService], tuple[str, ...]], ...] = (
    (
        with_floors,
        (
            "/", "/alerts", "/rules", "/explore", "/sites", "/devices", "/devices/H017", "/data",
            "/wall", "/add", "/people", "/backups", "/me", "/building", "/building?floor=p4",
            "/stations", "/households", "/regions", "/regions?as=table", "/thermometer",
            "/explain?of=device/H017", "/explain?span=yesterday",
        ),
    ),
    (with_routes, ("/notifications",)),
    (edge_service, ("/edges",)),
    (with_nodes, ("/cluster",)),
)  # fmt: skip
"""What has what the views show."""


async def test_every_word_of_every_view_is_translated() -> None:
    found = {}
    for made, paths in SYSTEMS:
        service = made()
        async with user_simulation() as user:
            mount.add_pages(service)
            for path in paths:
                await user.open(path)
                found[path] = forgotten(user, names_in(service))
    assert {path: texts for path, texts in found.items() if texts} == {}


async def test_what_a_view_says_where_there_is_nothing_is_translated() -> None:
    service = MadeUpService(empty=True)
    async with user_simulation() as user:
        mount.add_pages(service)
        for path in ("/", "/alerts", "/building", "/thermometer", "/households", "/stations"):
            await user.open(path)
            assert (path, forgotten(user, names_in(service))) == (path, [])


def test_a_word_outside_of_the_marks_is_found() -> None:
    """What finds them, held against what it has to find."""
    assert unmarked("⟦last ⟦6 hours⟧⟧ over time") == " over time"
    assert words_left("⟦last ⟦6 hours⟧⟧, H017: 3 kWh", ["H017"]) == set()
    assert words_left("⟦Degrees⟧ over time, Di. 24.11.", []) == {"over", "time"}
