"""How many alerts people want: the last twelve weeks as they would have been."""

from __future__ import annotations

import pytest
from nicegui import ui
from nicegui.testing import User

from energyguard.errors import ConfigError
from energyguard.model import topics
from energyguard.model.alerts import Severity, State
from energyguard.model.quantities import NANO
from energyguard.page.notifications.budget import about_words, note_words, sums_words
from energyguard.records.alerts import AlertEvent
from energyguard.service.alerts.budgets import WEEK_MS, WEEKS, recorded_weeks
from tests.application.edges import follow
from tests.application.service import MadeUpService, put
from tests.application.world import HOUR, START
from tests.page.test_sentences import UNLIKE
from tests.page.test_views import plotted, sees

RULE = "household-unusual"
RARE = ((0, 12), (0, 150), (3, 30), (3, 11), (11, 60), (13, 900))
"""So many weeks ago; in so many device-weeks there is one. The last one is too long ago."""


def has_raised(made: MadeUpService) -> MadeUpService:
    """A service with alerts about unusual use of the last weeks, as rare as ``RARE`` says."""
    made.use_rules(["household-prod", RULE], by="mara")
    for n, (ago, weeks) in enumerate(RARE):
        at = START - ago * WEEK_MS - HOUR
        evidence = UNLIKE | {"weeks": weeks * NANO}
        event = AlertEvent(
            id=f"unlike-{n}", rule=RULE, device="H020", channel="energy_kwh",
            severity=Severity.WARNING, state=State.FIRING, time_ms=at, since_ms=at,
            window_start_ms=at, window_end_ms=at, observed=NANO, expected=NANO, peak=NANO,
            unit="kW", topic="energy_readings", about="", evidence=tuple(evidence.items()),
        )  # fmt: skip
        put(made.log, topics.ALERTS.name, "H020", event, at)
    follow(made)
    return made


@pytest.fixture
def service() -> MadeUpService:
    return has_raised(MadeUpService())


def test_an_alert_is_raised_at_every_budget_above_its_rarity(service: MadeUpService) -> None:
    found = recorded_weeks(service, RULE)
    as_it_runs, rarer = found.budget(0.1), found.budget(0.02)
    assert [week.alerts for week in rarer.weeks] == [1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 2]
    assert [week.would_be for week in rarer.weeks] == [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]
    assert [week.would_be for week in as_it_runs.weeks] == [w.alerts for w in as_it_runs.weeks]
    assert rarer.weeks[-1].end_ms - rarer.weeks[0].start_ms == WEEKS * WEEK_MS
    assert about_words(rarer).startswith(f"about {rarer.devices * 0.02:g} a week, over ")
    assert sums_words(rarer) == "2 in 12 weeks with this number; 5 were raised."
    more = found.budget(0.5)
    assert not more.recorded
    assert "there would have been more" in sums_words(more)
    assert "try it on the past" in note_words(more)
    with pytest.raises(ConfigError, match="more than 0"):
        found.budget(0)
    with pytest.raises(ConfigError, match="no rule about unusual use"):
        recorded_weeks(service, "household-prod")


async def test_the_slider_shows_the_last_weeks_and_sets_the_number(
    user: User, service: MadeUpService
) -> None:
    await user.open("/notifications")
    await sees(user, "How many alerts do you want?")
    await sees(user, "5 in 12 weeks with this number; 5 were raised.")
    (slider,) = user.find(kind=ui.slider).elements
    slider.set_value(slider.value - 2)
    await sees(user, "2 in 12 weeks with this number; 5 were raised.")
    data = await plotted(user, "bars", "2 in 12 weeks")
    assert (sum(data["series"][0]["values"]), sum(data["before"]["values"])) == (2, 5)
    user.find(marker=f"set-budget-{RULE}").click()
    await sees(user, "raises about 0.02 alerts of a device and week")
    assert service.rules.get(RULE).level == NANO // 50
