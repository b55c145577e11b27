"""No view says a word in English to who reads another language: every text goes through ``_()``.

Each view is built for a reader whose translations put marks around every text. What is outside of
all marks, and has letters, is either data (names, ids, units, commands) or was forgotten.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from gettext import NullTranslations
from typing import Any

import pytest
from babel import Locale
from nicegui.element import Element
from nicegui.testing import User, user_simulation

from energyguard.domains.regions.states import STATES
from energyguard.page import mount
from energyguard.page.elements.plots import Plot, ReadingFeed
from energyguard.page.words.language import Reader
from tests.application.edges import edge_service
from tests.application.service import MadeUpService
from tests.page.test_cluster_view import NODES, FakeCluster

OPENING, CLOSING = "⟦", "⟧"
_MARKED = re.compile(f"{OPENING}[^{OPENING}{CLOSING}]*{CLOSING}")
_WORD = re.compile(r"[^\W\d_]{2,}")
SAID = ("aria-label", "placeholder", "title", "alt", "label", "suffix", "aria-roledescription")
"""The properties of an element that somebody reads or hears."""
DATA = frozenset(state.name for state in STATES) | frozenset(
    (
        "somebody", "Harbour Street", "Market Square", "Old Mill", "energy_kwh", "energy_readings",
        "mara", "joe", "roof", "attic", "cellar", "barn", "consistent",
        "energyguard", "timedatectl", "row", "timestamp",
    )
)  # fmt: skip
"""Names, ids and commands that the made-up systems have."""
UNREAD = ("pre", "code", "kbd", "option", "script", "style")
"""What is to be typed, or stands for choices of data."""
NAMES = re.compile(
    r"EnergyGuard|Excel|API|CSV|XLSX|Parquet|PNG|JSON|TOML|UTC|Europe/\w+|[A-Z]?[a-z]*\d[\w.:/-]*"
    r"|\b(k?Wh?|MWh?|kW|min|°C|ms|km)\b"
)
GERMAN = Locale.parse("de_DE")
DATES = frozenset(
    name.rstrip(".")
    for names in (GERMAN.days, GERMAN.months)
    for width in ("abbreviated", "wide")
    for context in ("format", "stand-alone")
    for name in names[context][width].values()
)
"""The names of days and months, as the reader has them."""


class Marking(NullTranslations):
    """Translations that put marks around every text."""

    def gettext(self, message: str) -> str:
        return f"{OPENING}{message}{CLOSING}"

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return f"{OPENING}{msgid1 if n == 1 else msgid2}{CLOSING}"


def unmarked(text: str) -> str:
    """What is left of a text without what is marked."""
    before = None
    while before != text:
        before, text = text, _MARKED.sub("", text)
    return text


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
            if key not in ("href", "state", "zone", "id", "d", "unit", "parts"):
                yield from strings(value)
    elif isinstance(data, list | tuple):
        for value in data:
            yield from strings(value)


@pytest.fixture(autouse=True)
def _marking(monkeypatch: pytest.MonkeyPatch) -> None:
    marked = Reader("de", Marking(), Locale.parse("de_DE"), half_day=False)
    monkeypatch.setattr(mount, "reader_of", lambda *_: marked)


def words_left(text: str, data: Sequence[str]) -> set[str]:
    """The words of a text that nobody translated, and that are no data."""
    rest = unmarked(text)
    for name in data:
        rest = rest.replace(name, "")
    return set(_WORD.findall(NAMES.sub("", rest))) - DATES


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


def with_nodes() -> MadeUpService:
    service = MadeUpService()
    service.cluster = FakeCluster()
    return service


SYSTEMS: tuple[tuple[Callable[[], MadeUpService], tuple[str, ...]], ...] = (
    (
        with_floors,
        (
            "/", "/alerts", "/explore", "/sites", "/devices", "/devices/H017", "/data", "/wall",
            "/add", "/people", "/backups", "/me", "/building", "/building?floor=p4", "/stations",
            "/households", "/regions", "/regions?as=table", "/thermometer",
        ),
    ),
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
