"""How a number was counted: what leads there, what it says, and a reading as it came."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest
from nicegui.testing import User

from energyguard.ledger.evidence import Evidence, sentence
from energyguard.log import Records
from energyguard.page.elements.components import Tag
from energyguard.page.measures.explained import bounds_words, explain_href
from energyguard.page.words.entries import why_words
from energyguard.service.explain.contract import BoundedEnergy, ExplainedEntry
from tests.application.entries import QUARTER, ZERO
from tests.application.service import MadeUpService
from tests.page.test_views import plotted, sees
from tests.waiting import TRIES

HOUR = 3_600_000


def links(user: User) -> list[str]:
    return [str(e._props["href"]) for e in user.find(kind=Tag).elements if "href" in e._props]


async def test_a_day_is_explained_step_by_step(user: User, service: MadeUpService) -> None:
    service.enter("site/house", name="House", tariff="home")
    service.enter("tariff/home", name="Home", currency="EUR", price=Decimal("0.30"))
    service.enter("device/H017", name="Oven", site="house")
    await user.open("/explain?of=device/H017&span=2025-11-22")
    await sees(user, " kWh were counted".replace(" ", "\u00a0", 1))
    await sees(user, "House › Oven › Sat 22 Nov 2025")
    await sees(user, "at least ")
    await sees(user, "of the time")
    await sees(user, "ordinary entries: ")
    await sees(user, "went down and came back; returned 1,412.746\u00a0kWh, 15\u00a0min later")
    await sees(user, "difference over a gap; longer than three times the usual step of 15\u00a0min")
    await sees(user, "difference; late")
    await sees(user, "Together")
    drawn = await plotted(user, "bars")
    hrefs = drawn["series"][0]["hrefs"]
    assert len(drawn["steps"]) == len(hrefs) > 15
    assert all(href.startswith("/explain?of=device%2FH017&start=") for href in hrefs)
    assert drawn["series"][0]["values"][14] is None
    assert [(gap["from"], gap["to"]) for gap in drawn["gaps"]] == [(14, 15)]


async def test_an_hour_has_its_quarters_and_leads_to_its_day(user: User) -> None:
    start = ZERO - 2 * QUARTER
    await user.open(f"/explain?of=device/H017&start={start}&end={start + HOUR}")
    await sees(user, "went down and came back")
    assert len((await plotted(user, "bars"))["steps"]) == 4
    found = links(user)
    assert explain_href("device/H017", "2025-11-22") in found
    assert explain_href("device/H017", start_ms=start - HOUR, end_ms=start) in found


@pytest.mark.parametrize("span", ["span=last-30-days", "from=2025-11-21&to=2025-11-22"])
async def test_entries_of_several_days_have_their_day(user: User, span: str) -> None:
    await user.open(f"/explain?of=device/H017&{span}")
    await sees(user, "went down and came back")
    entries = user.find(marker="entry").elements
    shown = [entry.text for entry in entries if isinstance(entry, Tag)]
    assert shown
    assert all("Nov, " in text for text in shown)


async def test_a_reading_that_the_log_has_no_more_is_said(user: User) -> None:
    start = ZERO - 2 * QUARTER
    await user.open(f"/explain?of=device/H017&start={start}&end={start + HOUR}")
    await sees(user, "went down and came back")
    await sees(user, "byte for byte")
    user.find(marker="entry").click()
    await sees(user, "it was record 5 of energy_readings")


async def test_a_reading_is_corrected_after_a_look_and_that_is_taken_back(
    user: User, service: MadeUpService
) -> None:
    start = ZERO - 2 * QUARTER
    await user.open(f"/explain?of=device/H017&start={start}&end={start + HOUR}")
    await sees(user, "went down and came back")
    await sees(user, "Nothing was corrected by hand.")
    user.find(marker="entry").click()
    await user.should_see(marker="correct-reading", retries=TRIES)
    user.find(marker="correct-reading").click()
    await sees(user, "Right value, kWh")
    form = user.find(marker="correct")
    form.trigger("submit", {"start": "soon", "end": "", "value": "", "why": ""})
    await sees(user, "soon is no time")
    at = "2025-11-22T12:00:00"
    form.trigger("submit", {"start": at, "end": "", "value": "much", "why": ""})
    await sees(user, "much is not a number")
    form.trigger("submit", {"start": at, "end": "", "value": "999,5", "why": "read again"})
    await sees(user, "1 reading. Its days come to ")
    assert service.corrections.all("H017") == []
    user.find(marker="correct-sure").click()
    await sees(user, "Sat 22 Nov, 12:00: 999.5\u00a0kWh")
    await sees(user, "read again")
    [view] = service.corrections.all("H017")
    assert (view.start_ms, view.value, view.by) == (ZERO, "999.5", "somebody")
    back = user.find(marker="undo-correction")
    back.click()
    await sees(user, "Let it count again")
    assert user.find(marker="undo-correction").elements == back.elements  # the same button
    assert not service.corrections.get(view.id).holds
    user.find(marker="undo-correction").click()
    await sees(user, "Take back")
    assert service.corrections.get(view.id).holds


async def test_what_was_known_on_an_earlier_day_is_held_against_now(
    user: User, service: MadeUpService
) -> None:
    service.enter("device/H017", name="Oven")
    address = "/explain?of=device/H017&span=2025-11-22&known="
    await user.open(f"{address}2025-11-22")
    await sees(user, "nobody can tell any more what had come by then")
    service.log.append("energy_readings", Records([b"H017"], [b""], timestamps_ms=[ZERO]))
    await user.open(f"{address}2025-11-23")
    await sees(user, "This was known at the end of 23 Nov 2025; now it is ")
    assert f"{address.removesuffix('&known=').replace('device/', 'device%2F')}" in links(user)
    await user.open(f"{address}2025-11-21")
    await sees(user, "Nothing was measured in this time")
    await sees(user, "kWh more.")
    await user.should_not_see("What is missing")
    await user.open(f"{address}soon")
    await sees(user, "soon is no day")


async def test_a_site_is_its_parts_which_lead_on(user: User, service: MadeUpService) -> None:
    service.enter("site/house", name="House")
    service.enter("device/H017", name="Oven", site="house")
    service.enter("device/H001", name="Main", site="house")
    await user.open("/explain?of=site/house&span=yesterday")
    await sees(user, "What it is made of")
    await sees(user, "Oven")
    assert explain_href("device/H017", "2025-11-21") in links(user)
    await user.open("/explain?span=yesterday")
    await sees(user, "House")
    assert explain_href("site/house", "2025-11-21") in links(user)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ("of=device/H017&span=someday", "is no span of the calendar"),
        ("of=nothing/H017", "There is nothing to explain"),
        ("of=device/H017&start=5&end=5", "it ends before it begins"),
        ("of=device/H017&start=x&end=5", "There is nothing to explain"),
        ("of=site/none&span=yesterday", "none"),
    ],
)
async def test_what_cannot_be_explained_is_said(user: User, asked: str, words: str) -> None:
    await user.open(f"/explain?{asked}")
    await sees(user, words)


@pytest.mark.parametrize(
    ("path", "key"), [("/", ""), ("/devices/H017", "device/H017"), ("/sites/house", "site/house")]
)
async def test_tiles_lead_to_how_they_were_counted(
    user: User, service: MadeUpService, path: str, key: str
) -> None:
    service.enter("site/house", name="House")
    service.enter("device/H001", name="Main", site="house")
    await user.open(path)
    await sees(user, "Today so far")
    assert explain_href(key, "today") in links(user)
    if not key:
        return
    for _ in range(TRIES):
        if any("covers" in tag.text for tag in user.find(kind=Tag).elements):
            return
        await asyncio.sleep(0.1)
    raise AssertionError("no tile says how much of the time is covered")


async def test_bars_and_sums_of_explore_lead_there(user: User) -> None:
    await user.open("/explore?of=device/H001,device/H017&span=2025-11")
    drawn = await plotted(user, "bars", "kWh more than")
    first = drawn["series"][1]["hrefs"][0]
    assert first.startswith("/explain?of=device%2FH017&start=")
    await sees(user, "covers ")
    assert explain_href("device/H001", "2025-11") in links(user)


async def test_a_line_of_a_bill_leads_there(user: User, service: MadeUpService) -> None:
    service.enter("site/house", name="House", tariff="home")
    service.enter("tariff/home", name="Home", currency="EUR", price=Decimal("0.30"))
    service.enter("device/H017", name="Oven", site="house")
    await user.open("/bills?of=site/house&span=2025-11-21")
    await sees(user, "Together")
    assert explain_href("site/house", "2025-11-21") in links(user)


def test_bounds_are_said_where_they_are_wide_or_time_is_missing() -> None:
    hour = BoundedEnergy(0, HOUR, 5.0, 5.0, 0.0, 4.99, 5.01, HOUR)
    assert bounds_words(hour) == ""
    assert bounds_words(hour._replace(high=5.2)) == "at least 4.990, at most 5.200\u00a0kWh"
    assert bounds_words(hour._replace(covered_ms=HOUR // 4)) == "covers 25.0\u202f% of the time"
    assert bounds_words(hour._replace(kwh=None)) == bounds_words(None) == ""


def test_every_reason_has_its_words_and_they_are_those_of_the_ledger() -> None:
    for evidence in Evidence:
        known = ExplainedEntry(
            0, 0.0, 0, 0, 0.0, 0.0, 0.0, 0.0, "dip", "?", evidence.name.lower(), 60_000, None, ()
        )
        in_english = sentence(evidence, 60_000).split("{")[0].split(" 0.0")[0]
        words = why_words(known).replace("\u00a0", " ").replace(",", "")
        assert words.split(" 0.0")[0][:12] == in_english[:12], evidence
    wrong = known._replace(evidence="corrected", value=1.5, number=1_500_000_000)
    assert why_words(wrong) == "it counts as never sent"
    assert why_words(wrong._replace(number=0)) == ""
    assert why_words(known._replace(evidence="not yet known", why="As the ledger has it")) == (
        "As the ledger has it"
    )
