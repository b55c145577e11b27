"""What charts of sums and of presence draw, as it is sent."""

from __future__ import annotations

from nicegui import ui
from nicegui.testing import User

from energyguard.page.elements.charts import (
    MAX_SERIES,
    BarGap,
    BarSeries,
    BarStep,
    HourCell,
    bars,
    hours,
    value_range,
)
from energyguard.page.elements.plots import Plot

STEPS = [BarStep("1", "Sun 1 Nov"), BarStep("2", "Mon 2 Nov")]


def test_a_gap_is_sent_as_a_gap_and_never_as_nothing_used() -> None:
    gap = BarGap(0, 1, 2, ("no readings",), 3.5)
    drawn = bars(STEPS, [BarSeries("cellar", [2.0, None])], "kWh", gaps=[gap])
    assert drawn["series"] == [{"name": "cellar", "values": [2.0, None]}]
    assert drawn["gaps"] == [
        {"series": 0, "from": 1, "to": 2, "words": ["no readings"], "height": 3.5}
    ]


def test_so_many_series_as_can_be_told_apart() -> None:
    drawn = bars(STEPS, [BarSeries(str(n), [1.0, 2.0]) for n in range(9)], "kWh")
    assert len(drawn["series"]) == MAX_SERIES


def test_days_have_the_hours_that_they_have() -> None:
    cells = [HourCell("there", str(hour)) for hour in range(25)]
    drawn = hours([("Sun 25", cells)])
    assert len(drawn["rows"][0]["cells"]) == 25
    assert len(drawn["columns"]) == 24


def test_a_range_without_a_usual_has_none() -> None:
    assert value_range(None, "kW")["low"] is None
    assert value_range(3.0, "kW", (1.0, 2.0), 4.0)["high"] == 2.0


async def test_a_chart_that_is_shown_again_is_sent_once(user: User) -> None:
    drawn: list[Plot] = []

    @ui.page("/chart")
    def chart() -> None:
        drawn.append(Plot("bars", "energy"))

    await user.open("/chart")
    plot = drawn[0]
    data = bars(STEPS, [BarSeries("cellar", [2.0, 1.0])], "kWh")
    plot.client.outbox.updates.clear()
    plot.show(data)
    plot.say("energy of two days")
    assert plot.id not in plot.client.outbox.updates  # the call has it all
    assert plot.props["start"] is data  # for whoever opens the page anew
