"""An alert's story: words and picture of one answer, one clock, and what is over in a list."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise

import pytest
from nicegui.testing import User

from energyguard.alerts.alert import Alert, TimelineEntry
from energyguard.catalogue.changes import Edit
from energyguard.errors import NotFound
from energyguard.model import topics
from energyguard.model.alerts import Severity, State
from energyguard.model.catalogue import Device, Site
from energyguard.model.quantities import NANO
from energyguard.model.tariffs import Tariff
from energyguard.page.alerts.words import parted, timeline_row
from energyguard.page.elements.components import Tag
from energyguard.page.elements.plots import Plot
from energyguard.page.frame.places import DevicePlace
from energyguard.page.words.formatting import number, places_apart
from energyguard.records.alerts import AlertEvent
from energyguard.rules.kinds.unusual import UnusualRule
from energyguard.rules.profile.calendar import SLOTS, slot_label
from energyguard.rules.unusual.answers import PeopleAnswer
from energyguard.service.alerts.answers import was_us
from energyguard.service.alerts.how_unusual import how_unusual
from energyguard.service.profiles import DeviceProfile, DeviceProfiles, UsualHalfHour
from tests.application.edges import follow
from tests.application.service import MadeUpService, put
from tests.application.world import HOUR, START
from tests.page.test_sentences import UNLIKE
from tests.page.test_views import plotted, sees
from tests.waiting import TRIES


def alert_of(service: MadeUpService, device: str, state: State) -> Alert:
    return next(a for a in service.book.find() if (a.device, a.condition) == (device, state))


async def test_the_highest_in_words_is_the_highest_of_the_picture(
    user: User, service: MadeUpService
) -> None:
    alert = alert_of(service, "H017", State.FIRING)
    assert alert.peak == round(2.018 * NANO)  # as it was raised
    await user.open(f"/alerts?alert={alert.id}")
    data = await plotted(user, "line")
    highest = max(y for x, y in zip(data["xs"], data["ys"], strict=True) if x >= alert.since_ms)
    assert highest > 2.1
    await sees(user, f"The highest is {highest:.3f}".rstrip("0"))


async def test_a_picture_is_drawn_again_as_the_history_goes_on(
    user: User, service: MadeUpService
) -> None:
    alert = alert_of(service, "H003", State.FIRING)
    whole = service.past.window_sums
    service.past.window_sums = lambda **p: whole(**p).slice(0, 2)  # type: ignore[method-assign]
    await user.open(f"/alerts?alert={alert.id}")
    data = await plotted(user, "line")
    assert len(data["xs"]) <= 3  # what the history has, and the window that the alert is about
    assert (data["xs"][-1], data["ys"][-1]) == (alert.window_end_ms, alert.observed / NANO)
    service.past.window_sums = whole  # type: ignore[method-assign]
    plot = next(p for p in user.find(kind=Plot).elements if p.props["kind"] == "line")
    for _ in range(TRIES):
        if len(plot.props["start"]["xs"]) > 3:
            break
        await asyncio.sleep(0.1)
    assert plot.props["start"]["xs"][-1] > alert.since_ms


async def test_what_was_seen_last_is_the_end_of_the_line(
    user: User, service: MadeUpService
) -> None:
    """The alert was raised on one window; the ones after it are drawn."""
    alert = alert_of(service, "H003", State.FIRING)
    await user.open(f"/alerts?alert={alert.id}")
    drawn = await plotted(user, "line")
    assert drawn["xs"][-1] > alert.changed_ms
    last, _unit = parted(
        nano := round(drawn["ys"][-1] * NANO), alert.unit, places_apart(nano, alert.expected)
    )
    await sees(user, "Seen last")
    assert nano != alert.observed
    assert last in {tag.text for tag in user.find(kind=Tag).elements}


async def test_an_address_leads_to_the_story_also_of_what_is_over(
    user: User, service: MadeUpService
) -> None:
    over = alert_of(service, "H029", State.RESOLVED)
    await user.open(f"/alerts/{over.id}")
    await sees(user, "The highest is")
    await sees(user, "It ended by itself")
    await sees(user, "resolved: back within the limit")
    await user.open("/alerts/nobody")
    await sees(user, "There is no such alert.")


async def test_what_is_over_is_in_a_list(user: User, service: MadeUpService) -> None:
    await user.open("/alerts")
    await sees(user, "Resolved lately")
    await sees(user, "2.9\u00a0kWh, limit 2\u00a0kWh")
    over = alert_of(service, "H029", State.RESOLVED)
    await user.should_not_see(marker=f"take-{over.id}")


async def test_a_history_of_an_alert_has_one_clock(user: User, service: MadeUpService) -> None:
    """What the worker saw is told by the same clock as what people did: the one on the wall."""
    alert = alert_of(service, "H017", State.FIRING)
    raised = service.began - HOUR
    await user.open(f"/alerts?alert={alert.id}")
    await sees(user, "readings of Sat 22 Nov")
    user.find(marker="take").click()
    await sees(user, "acknowledged by somebody")
    from energyguard.page.words.formatting import moment

    await sees(user, moment(raised, "UTC", "%a %-d %b, %H:%M:%S"))
    await sees(user, "Times in UTC, as the log took them.")


async def test_figures_just_above_a_limit_are_told_apart(
    user: User, service: MadeUpService
) -> None:
    alert = alert_of(service, "H017", State.FIRING)
    event = AlertEvent(
        id="just-above", rule=alert.rule, device="H020", channel="energy_kwh",
        severity=Severity.WARNING, state=State.RESOLVED, time_ms=START, since_ms=START,
        window_start_ms=START - HOUR // 4, window_end_ms=START, observed=2_000_400_000,
        expected=2 * NANO, peak=2_000_400_000, unit="kWh", topic="energy_readings", about="",
    )  # fmt: skip
    put(service.log, topics.ALERTS.name, "H020", event, START)
    follow(service)
    await user.open("/alerts?alert=just-above")
    await sees(user, "Highest")
    shown = {tag.text for tag in user.find(kind=Tag).elements}
    assert {"2.0004", "2"} <= shown


def raise_unlike(service: MadeUpService) -> None:
    """An alert ``unlike`` of a home: something stays on."""
    since, hours = START - HOUR, START // HOUR
    evidence = UNLIKE | {"opened": (hours - 1) * NANO, "since": (hours - 2) * NANO}
    event = AlertEvent(
        id="unlike", rule="household-unusual", device="H020", channel="energy_kwh",
        severity=Severity.WARNING, state=State.FIRING, time_ms=since, since_ms=since,
        window_start_ms=since, window_end_ms=since, observed=round(1.75 * NANO),
        expected=round(0.3 * NANO), peak=round(1.75 * NANO), unit="kW", topic="energy_readings",
        about="H020 as the worker has it", evidence=tuple(evidence.items()),
    )  # fmt: skip
    put(service.log, topics.ALERTS.name, "H020", event, since)
    follow(service)


@pytest.mark.parametrize("evidence", [UNLIKE, {"usual": NANO, "zscore": 5 * NANO}])
def test_what_is_unusual_passes_no_limit(evidence: dict[str, int]) -> None:
    slot = {"opened": 2 * NANO, "since": NANO}
    event = AlertEvent(
        id="x", rule="r", device="H020", channel="energy_kwh", severity=Severity.WARNING,
        state=State.PENDING, time_ms=START, since_ms=START, window_start_ms=START,
        window_end_ms=START, observed=NANO, expected=NANO, peak=NANO, unit="kW",
        topic="energy_readings", about="", evidence=tuple((evidence | slot).items()),
    )  # fmt: skip
    place = DevicePlace("H020", "H020", (), "", "UTC")
    _when, words = timeline_row(TimelineEntry(START, event), place, "UTC")
    assert words.startswith("unlike usual, not for long enough yet")


async def test_that_was_us_is_learned_shown_and_taken_back(
    user: User, service: MadeUpService
) -> None:
    raise_unlike(service)
    await user.open("/alerts?alert=unlike")
    await user.should_see(marker="ours", retries=TRIES)
    user.find(marker="ours").click()
    await sees(user, "such alerts become rarer here")

    def answers() -> Sequence[PeopleAnswer]:
        rule = service.rules.get("household-unusual")
        assert isinstance(rule, UnusualRule)
        assert not rule.answers("H021")
        return rule.answers("H020")

    assert answers() == (PeopleAnswer("stuck_on", START - HOUR),)
    assert service.book.get("unlike").note == "That was us"
    was_us(service, "unlike", by="mara")  # once more says the same
    assert len(answers()) == 1
    await user.open("/devices/H020")
    await sees(user, "You said that it was you: something stays on")
    user.find(marker="not-us-household-unusual").click()
    await sees(user, "it was not you")
    assert answers() == ()
    assert not service.rules.get("household-unusual").overrides  # type: ignore[attr-defined]


class KnownWeek(DeviceProfiles):
    """Of H020 half a kilowatt is usual by night, one by day: in summer, when it was not warmer."""

    def get(self, device: str, channel: str = "", rule: str = "") -> DeviceProfile:
        assert (device, channel, rule) == ("H020", "energy_kwh", "household-unusual")
        half_hours = tuple(
            UsualHalfHour(slot_label(slot), kw, 0.1 * kw, 0.8 * kw, 1.2 * kw, 9)
            for slot in range(SLOTS)
            for kw in (0.5 if slot % 48 < 14 else 1.0,)
        )
        return DeviceProfile(device, channel, rule, "kW", "UTC", (), "", half_hours)


async def test_the_usual_band_stands_around_an_alert_in_proportion_to_what_it_says(
    user: User, service: MadeUpService
) -> None:
    facts = service.catalogue.rule_facts
    service.profiles = KnownWeek(service.log, service.live.device, facts, service.clock)
    raise_unlike(service)
    await user.open("/alerts?alert=unlike")
    band = (await plotted(user, "line"))["band"]
    columns = [band[name] for name in ("xs", "low", "high")]
    steps = {at: borders for at, *borders in zip(*columns, strict=True)}
    assert steps[START - HOUR] == [0.1, 0.4]  # as the alert says
    before = START - HOUR - HOUR // 2
    assert steps[before] == pytest.approx([0.24, 0.36])  # a day's kilowatt was 0.3 then
    assert band["since"] == START - 2 * HOUR
    assert band["raises"]


async def test_an_alert_about_unusual_use_says_how_much_more_it_costs(
    user: User, service: MadeUpService
) -> None:
    home = Site(name="Weber house", zone="Europe/Berlin", currency="EUR", tariff="home")
    price = Tariff(name="Home", price=Decimal("0.30"))
    edits: dict[str, Tariff | Site | Device] = {
        "tariff/home": price,
        "site/house": home,
        "device/H020": Device(name="Oven", site="house"),
    }
    raise_unlike(service)
    alert = service.book.get("unlike")
    free = how_unusual(service, alert)
    assert (free.kind, free.next_kind, free.weeks) == ("stuck_on", "leak", 22)
    assert (free.seen_kw, free.low_kw, free.high_kw) == (1.75, 0.1, 0.4)
    assert (free.more_cost, free.currency) == (None, "")
    service.catalogue.put([Edit(key, entry) for key, entry in edits.items()], "mara")
    found = how_unusual(service, alert)
    start, until = START - 2 * HOUR, found.until_ms
    assert until is not None
    seen = service.past.series("H020", "energy_kwh", start, until, HOUR // 4)["value"].to_pylist()
    more = sum(kwh - 0.3 / 4 for kwh in seen)
    assert found.more_kwh == pytest.approx(more)
    assert found.more_cost == pytest.approx(0.3 * more, rel=1e-6)
    await user.open("/alerts?alert=unlike")
    await sees(user, "More so far")
    await sees(user, f"for {number(found.more_kwh)}\u00a0kWh")
    with pytest.raises(NotFound, match="not about unusual use"):
        how_unusual(service, alert_of(service, "H017", State.FIRING))


async def test_unusual_use_says_and_shows_what_is_usual(user: User, service: MadeUpService) -> None:
    raise_unlike(service)
    await user.open("/alerts?alert=unlike")
    await sees(user, "something stays on, 1.75\u00a0kW where 0.1 to 0.4\u00a0kW is usual")
    await sees(user, f"About {number(1.8125)}\u00a0kWh more than usual until the alert came.")
    await sees(user, "in 4 h it did not fall to its usual low")
    await sees(user, "most like: something stays on, then: the base load is raised")
    await sees(user, "1.75\u00a0kW, usual 0.3\u00a0kW")  # in the list, and where it opened
    await user.should_not_see("1.75\u00a0kW, limit")
    await sees(user, "An ordinary device has one such alert in 22 weeks.")
    await sees(user, "Usual")
    data = await plotted(user, "line")
    assert data["band"]["low"] == [0.1, 0.1]
    assert data["band"]["xs"] == [START - 2 * HOUR, START - HOUR + HOUR // 4]
    assert {after - before for before, after in pairwise(data["xs"])} <= {HOUR // 4, 5 * HOUR // 4}
    in_kw = service.past.series("H020", "energy_kwh", data["xs"][0], data["xs"][0] + 1, HOUR // 4)
    assert data["ys"][0] == 4 * in_kw["value"][0].as_py()
