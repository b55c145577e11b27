"""The view of the edges over records of theirs: what is said, and what a click asks first."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from nicegui.testing import User, user_simulation

from energyguard.page.data.edge_cards import MAX_CARDS, clock
from energyguard.page.data.edges import enroll_line, summed_up
from energyguard.page.mount import add_pages
from energyguard.service.views import EdgeView
from tests.application.edges import MINUTE, add, edge_service, follow
from tests.application.service import MadeUpService
from tests.edge.lines import link
from tests.page.test_views import plotted, sees
from tests.waiting import TRIES

WELL = EdgeView(
    edge="roof", state="connected", identity="roof#1", let_in_by="mara", let_in_ms=0,
    connected_ms=0, heartbeat_ms=0, queued=0, queued_ms=None, lag_ms=2_000, offset_ms=12,
    clock_off=False, readings=4_711, held=905, lost=0, epoch="e1", forgotten_ms=None,
    forgotten_by="",
)  # fmt: skip


@pytest.fixture
def edge_made() -> MadeUpService:
    return edge_service()


@pytest.fixture
async def someone(edge_made: MadeUpService) -> AsyncIterator[User]:
    async with user_simulation() as user:
        add_pages(edge_made)
        yield user


async def test_how_each_line_is(someone: User) -> None:
    await someone.open("/edges")
    await sees(someone, "cellar is silent. Look after power and network there")
    await sees(someone, "● connected")
    await sees(someone, "▲ silent")
    await sees(someone, "○ not heard yet")
    await sees(someone, "40\u00a0min ago")
    await sees(someone, "1,204, 9\u00a0s old")
    await sees(someone, "2\u00a0h behind")
    await sees(someone, "1,234,567")
    await sees(someone, "1 of 3")
    await sees(someone, "barn was forgotten by joe")


async def test_the_last_word_ages_by_itself(someone: User) -> None:
    await someone.open("/edges")
    await sees(someone, "1\u00a0s ago")
    await sees(someone, "3\u00a0s ago")


async def test_a_silence_is_drawn(someone: User, edge_made: MadeUpService) -> None:
    await someone.open("/edges?range=1h")
    found = await plotted(someone, "lanes")
    bars = {lane["name"]: lane["bars"] for lane in found["lanes"]}
    assert list(bars) == ["attic", "cellar", "roof"]
    assert bars["roof"] == bars["attic"] == []
    (bar,) = bars["cellar"]
    assert bar["state"] == "warning"
    assert found["to"] - bar["from"] in range(40 * MINUTE, 41 * MINUTE)
    assert bar["to"] == found["to"]


async def test_an_edge_is_forgotten_after_a_question(
    someone: User, edge_made: MadeUpService
) -> None:
    await someone.open("/edges")
    await sees(someone, "1 of 3")
    someone.find(marker="forget-cellar").click()
    await sees(someone, "Forget cellar?")
    await sees(someone, "What waits there (1,204 records) will not come any more.")
    someone.find(marker="cancel").click()
    assert edge_made.edges.get("cellar").state == "silent"
    someone.find(marker="forget-cellar").click()
    someone.find(marker="sure").click()
    await sees(someone, "cellar is forgotten")
    await sees(someone, "cellar was forgotten by somebody")
    await someone.should_not_see(marker="forget-cellar", retries=TRIES)
    assert edge_made.edges.get("cellar").forgotten_by == "somebody"


async def test_alerts_of_an_edge_lead_to_it(someone: User) -> None:
    await someone.open("/alerts?range=1h")
    lanes = (await plotted(someone, "lanes"))["lanes"]
    assert {lane["name"]: lane["href"].split("?")[0] for lane in lanes}["cellar"] == "/edges"


async def test_without_edges_it_says_how_to_let_one_in() -> None:
    async with user_simulation() as user:
        add_pages(edge_service(empty=True))
        await user.open("/edges")
        await sees(user, "No edge was let in yet")
        await sees(user, "energyguard edge enroll roof")
        await user.should_not_see("edges connected", retries=10)


async def test_where_nobody_listens_for_edges_there_is_no_such_view(user: User) -> None:
    await user.open("/")
    await sees(user, "Data")
    await user.should_not_see("Edges")


async def test_of_very_many_those_in_trouble_are_shown() -> None:
    service = edge_service()
    now = service.clock.now_ms()
    for n in range(MAX_CARDS):
        add(service, f"e{n:03}", link(now))
    follow(service)
    async with user_simulation() as user:
        add_pages(service)
        await user.open("/edges")
        await sees(user, "▲ silent")
        await sees(user, "and 3 more: energyguard edges")


@pytest.mark.parametrize(
    ("changes", "kind", "words"),
    [
        ({}, "resolved", "The edge is connected, nothing waits."),
        ({"queued": 12}, "resolved", "The edge is connected, 12 records on the way."),
        ({"clock_off": True}, "warning", "The clock of roof is off: set it there"),
        ({"state": "disconnected"}, "info", "roof is without a line just now"),
        ({"state": "disconnected", "clock_off": True}, "warning", "The clock of roof is off"),
        ({"state": "silent", "clock_off": True}, "warning", "roof is silent. Look after power"),
        ({"state": "never-heard"}, "info", "roof is not heard yet since it was let in"),
        ({"state": "unknown"}, "warning", "The role cloud tells nothing"),
    ],
)
def test_one_sentence_sums_it_up(changes: dict[str, Any], kind: str, words: str) -> None:
    found = summed_up([replace(WELL, **changes)])
    assert found[0] == kind
    assert found[1].startswith(words)


@pytest.mark.parametrize(
    ("listen", "more"),
    [("10.0.0.1:5556", ""), ("[fd00::1]:5556", ""), ("0.0.0.0:5556", " --host ADDRESS"),
     ("[::]:5556", " --host ADDRESS"), ("", " --host ADDRESS")],
)  # fmt: skip
def test_who_listens_everywhere_has_to_say_where_edges_reach_it(listen: str, more: str) -> None:
    assert enroll_line(listen) == f"energyguard edge enroll roof{more}"


def test_several_are_named() -> None:
    three = [replace(WELL, edge=name, state="silent") for name in ("attic", "cellar", "roof")]
    assert summed_up(three)[1].startswith("attic, cellar and roof are silent.")
    assert summed_up([WELL, WELL])[1] == "All 2 edges are connected, nothing waits."


@pytest.mark.parametrize(
    ("offset_ms", "words"),
    [(None, "–"), (-999, "right"), (3_000, "3\u00a0s ahead"), (-86_400_000, "1\u00a0day behind")],
)
def test_a_clock_in_words(offset_ms: int | None, words: str) -> None:
    assert clock(offset_ms) == words
