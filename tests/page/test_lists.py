"""Lists that are live: a row stays the same element while what it says changes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from nicegui import Client
from nicegui.element import Element
from nicegui.page import page
from nicegui.testing import User

from energyguard.model.access import Caller
from energyguard.page.elements.components import Tag
from energyguard.page.elements.lists import ChangingList, SteadyRows
from energyguard.page.frame.page_cache import PageCache, PageCaches
from energyguard.service.intake.file_imports import FileImport
from tests.alerts.test_flapping import comes
from tests.application.service import REFUSED, MadeUpService
from tests.page.test_alerts_view import so
from tests.page.test_views import sees


@pytest.fixture
def client() -> Iterator[Client]:
    with Client(page("/lists"), request=None) as opened:
        yield opened


def texts(client: Client) -> list[str]:
    return [tag.text for tag in _rows(client) if isinstance(tag, Tag)]


def sent(client: Client) -> set[str]:
    """The words of the elements that are sent again."""
    return {element.text for element in client.outbox.updates.values() if isinstance(element, Tag)}


def _rows(client: Client) -> list[Element]:
    (into,) = [element for element in client.elements.values() if "rows" in element.classes]
    return into.default_slot.children


def test_only_the_row_that_comes_is_sent_and_the_others_stay(client: Client) -> None:
    rows: ChangingList[str] = ChangingList(lambda word: Tag("p", word), "None.", "rows")
    rows.show(["b", "c", "d"])
    b, c, _d = _rows(client)
    client.outbox.updates.clear()
    rows.show(["a", "c", "b"])
    assert texts(client) == ["a", "c", "b"]
    assert _rows(client)[1:] == [c, b]
    assert sent(client) == {"a", ""}  # the row that came, and the list that says the order


def test_rows_that_are_equal_are_rows_of_their_own(client: Client) -> None:
    rows: ChangingList[str] = ChangingList(lambda word: Tag("p", word), "None.", "rows")
    rows.show(["a", "a", "b"])
    assert texts(client) == ["a", "a", "b"]
    rows.show(["b", "a"])
    assert texts(client) == ["b", "a"]


def test_a_list_of_none_says_so_until_there_is_one(client: Client) -> None:
    rows: ChangingList[str] = ChangingList(lambda word: Tag("p", word), "None.", "rows")
    for items, words in (([], ["None."]), (["a"], ["a"]), ([], ["None."])):
        rows.show(items)
        assert texts(client) == words


def test_a_row_that_could_not_be_drawn_is_tried_again_and_leaves_nothing(client: Client) -> None:
    fails = [True]

    def draw(word: str) -> None:
        Tag("p", word)
        if word == "b" and fails:
            raise ValueError(fails.pop())

    rows: ChangingList[str] = ChangingList(draw, "None.", "rows")
    with pytest.raises(ValueError, match="True"):
        rows.show(["a", "b"])
    rows.show(["a", "b"])
    assert texts(client) == ["a", "b"]


class Word(Tag):
    """A row: a key and what it says."""

    def show(self, item: tuple[str, str]) -> None:
        self.text = item[1]


def test_words_change_in_a_row_that_stays_while_another_comes_above(client: Client) -> None:
    rows: SteadyRows[tuple[str, str], Word] = SteadyRows(
        lambda item: item[0], lambda item: Word("p"), "None.", "rows"
    )
    rows.show([("a", "one")])
    a = rows["a"]
    assert a is not None
    client.outbox.updates.clear()
    rows.show([("b", "two"), ("a", "one")])
    assert sent(client) == {"two", ""}
    rows.show([("b", "two"), ("a", "changed")])
    assert rows["a"] is a
    assert texts(client) == ["two", "changed"]
    rows.show([("b", "two")])
    assert rows["a"] is None
    assert a.is_deleted


def alert_rows(user: User) -> list[Element]:
    return [tag for tag in user.find(kind=Tag).elements if "alert" in tag.classes]


@pytest.mark.parametrize("view", ["/alerts", "/", "/devices/H003"])
async def test_alerts_stay_while_their_words_change_and_another_comes(
    user: User, service: MadeUpService, view: str
) -> None:
    await user.open(view)
    await sees(user, "H003 passed 2\u00a0kWh")
    rows = alert_rows(user)
    service.enter("device/H003", name="Oven")
    service.book.tell(comes(1, device="H003"), service.clock.now_ms())
    await sees(user, "Oven passed 2\u00a0kWh")
    await so(lambda: len(alert_rows(user)) == len(rows) + 1)
    assert not [row for row in rows if row.is_deleted]


@pytest.mark.parametrize(
    ("view", "entry", "address"),
    [
        ("/devices?state=named", "device/H003", "/devices/H003"),
        ("/sites", "site/lindenhof", "/sites/lindenhof"),
        ("/sites/lindenhof", "device/H003", "/devices/H003"),
    ],
)
async def test_a_link_of_a_list_stays_while_what_it_names_is_renamed(
    user: User, service: MadeUpService, view: str, entry: str, address: str
) -> None:
    def links() -> list[Tag]:
        found = (tag for tag in user.find(kind=Tag).elements if isinstance(tag, Tag))
        return [
            tag
            for tag in found
            if tag.tag == "a" and tag.parent_slot and tag.parent_slot.parent.tag == "td"
            if str(tag.props.get("href", "")).startswith(address)
        ]

    service.enter("site/lindenhof", name="Lindenhof")
    service.enter("device/H003", name="Oven", site="lindenhof")
    await user.open(view)
    await so(lambda: bool(links()))
    before = links()
    fields = {"site": "lindenhof"} if entry.startswith("device") else {}
    service.enter(entry, name="Another", **fields)
    await so(lambda: "Another" in [link.text for link in links()])
    assert links() == before


async def test_an_open_group_of_refused_rows_stays_when_another_is_refused(
    user: User, service: MadeUpService
) -> None:
    def groups() -> set[Element]:
        return {tag for tag in user.find(kind=Tag).elements if "refusals" in tag.classes}

    await user.open("/data")
    await sees(user, "1 row from")
    before = groups()
    service.take_readings(REFUSED, "csv")
    await sees(user, "2 rows from")
    assert before <= groups()


async def test_the_bar_of_an_import_stays_while_it_goes_on(
    user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def bar() -> Tag:
        (found,) = (tag for tag in user.find(kind=Tag).elements if tag.tag == "progress")
        assert isinstance(found, Tag)
        return found

    caches: list[PageCache] = []
    cache_of = PageCaches.of

    def known(every: PageCaches, caller: Caller) -> PageCache:
        caches.append(cache_of(every, caller))
        return caches[-1]

    monkeypatch.setattr(PageCaches, "of", known)
    await user.open("/data")
    job = FileImport("june.csv", "Kim", 10, 0)
    caches[-1].imports.append(job)
    await sees(user, "june.csv: 0 readings so far")
    before = bar()
    job.done = 5
    await sees(user, "june.csv: 5 readings so far")
    assert bar() is before
    assert before.props["value"] == "50"


async def test_a_part_stays_on_the_wall_while_what_it_draws_changes(
    user: User, service: MadeUpService, monkeypatch: pytest.MonkeyPatch
) -> None:
    def parts() -> list[Element]:
        return [tag for tag in user.find(kind=Tag).elements if "wall-part" in tag.classes]

    service.enter("site/lindenhof", name="Lindenhof")
    service.enter("device/H003", name="Oven", site="lindenhof")
    monkeypatch.setattr("energyguard.page.sites.wall.measured", lambda *_given: "7.25 kW")
    await user.open("/wall")
    await sees(user, "7.25 kW")
    before = parts()
    monkeypatch.setattr("energyguard.page.sites.wall.measured", lambda *_given: "8.5 kW")
    await sees(user, "8.5 kW")
    assert set(parts()) >= set(before)
