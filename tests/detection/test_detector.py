"""The detector whole: budgets, alerts, and what they say."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from energyguard.detection.detector import UnusualDetector, UnusualUse
from energyguard.detection.evidence import CONTEXT
from energyguard.detection.grid import slots_of
from energyguard.detection.scores import Parameters
from energyguard.detection.slots import HOUR_MS, local_hours
from energyguard.detection.text import sentence
from energyguard.ledger.entries import Entries, EntryKind

QUARTER_MS = 900_000
FIRST = 28_800 * 2  # a Monday's first half-hour does not matter here


def watched(
    values: npt.NDArray[np.float64], budget: float, parameters: Parameters | None = None
) -> list[UnusualUse]:
    parameters = parameters or Parameters.shipped()
    detector = UnusualDetector(QUARTER_MS, parameters, len(values), budget)
    hours = local_hours(np.arange(values.shape[1]) // 2 % 336)
    return [
        alert for n, at in enumerate(hours) for alert in detector.step(FIRST + n, at, values[:, n])
    ]


def homes(slots: int) -> npt.NDArray[np.float64]:
    chance = np.random.default_rng(5)
    hour = np.arange(slots) // 4 % 24
    evening = (chance.random((4, slots)) < 0.1 + 0.2 * (hour > 16)) * 1.2
    return np.asarray(np.round(0.1 + 0.02 * chance.random((4, slots)) + evening, 3), float)


@pytest.fixture(scope="module")
def alerts() -> list[UnusualUse]:
    values = homes(18 * 96)
    values[0, 15 * 96 + 40 : 15 * 96 + 46] += 9
    values[1, 15 * 96 : 16 * 96] += 1.2
    values[2, 15 * 96 : 16 * 96] = values[2, 15 * 96]
    values[0, 5 * 96 : 5 * 96 + 8] += 9  # while it is learned
    return watched(values, 0.3)


def test_faults_are_found_in_the_slot_or_soon(alerts: list[UnusualUse]) -> None:
    opened = {alert.device: alert for alert in reversed(alerts)}
    assert {0, 1, 2} <= set(opened)
    assert opened[0].kind == "surge"
    assert 0 <= opened[0].opened - FIRST - (15 * 96 + 40) <= 1
    assert 0 <= opened[1].opened - FIRST - 15 * 96 <= 48
    assert all(alert.opened - FIRST >= 14 * 96 for alert in alerts)


def test_an_alert_says_what_is_usual_and_why(alerts: list[UnusualUse]) -> None:
    surge = next(alert for alert in alerts if alert.device == 0)
    assert surge.value > 9
    assert surge.usual_low <= surge.expected <= surge.usual_high < 3
    assert surge.since <= surge.opened <= surge.last
    assert len(surge.reasons) == 3
    text = sentence(surge, 0.25, "kW", lambda slot: f"slot {slot}")
    assert text.startswith(f"Very high use since slot {surge.since} (0 h ")
    assert "usual for slot" in text and "device-weeks." in text


def test_reasons_are_of_the_slot_and_never_of_the_device() -> None:
    shipped = Parameters.shipped()
    tables = shipped.tables.copy()
    tables[:, CONTEXT] += 50  # of which sort a device is weighs more than all else
    found = watched(homes(15 * 96), 0.3, replace(shipped, tables=tables))
    assert {alert.device for alert in found} == {0, 1, 2, 3}
    assert all(alert.kind in shipped.kinds for alert in found)
    names = {name for alert in found for name, _ in alert.reasons}
    assert not names & {"size over mean", "share of zeros", "irregularity"}


def test_a_reason_says_above_or_below_as_it_is(alerts: list[UnusualUse]) -> None:
    reasons = (
        ("highest of 2 h, spreads below usual", -16.0),
        ("lowest of 24 h, spreads above usual", -1.1),
        ("half hour over the hour before", -0.5),
        ("lowest of 1 h, sizes above usual", 2.0),
    )
    text = sentence(replace(alerts[0], reasons=reasons), 0.25, "kW", str)
    assert (
        "highest of 2 h, spreads above usual +16.0; lowest of 24 h, spreads below usual +1.1; "
        "half hour over the hour before -0.5; lowest of 1 h, sizes above usual +2.0. Kind:"
    ) in text


def test_a_smaller_budget_gives_fewer_alerts() -> None:
    values = homes(17 * 96)
    counts = [len(watched(values, budget)) for budget in (20.0, 0.01)]
    assert counts[0] > counts[1]
    with pytest.raises(ValueError, match="more than 0"):
        UnusualDetector(QUARTER_MS, Parameters.shipped(), 1, 0)


def test_slots_are_known_where_entries_cover_them() -> None:
    def column(*numbers: int) -> npt.NDArray[np.int64]:
        return np.array(numbers, np.int64)

    start = column(0, 0, HOUR_MS, 0)
    end = column(0, HOUR_MS, HOUR_MS + 300_000, QUARTER_MS)
    entries = Entries(
        key=column(0, 0, 0, 1),
        stamp=end,
        start=start,
        end=end,
        energy=column(0, 10**9, 10**8, 10**9),
        low=start,
        high=start,
        kind=column(EntryKind.FIRST, *[EntryKind.DIFFERENCE] * 3),
        evidence=start,
        number=start,
    )
    grid = slots_of(entries, column(HOUR_MS, QUARTER_MS), QUARTER_MS)
    assert grid.first == 0
    assert grid.power_kw[0, :4] == pytest.approx(1)  # 1 kWh over an hour
    assert np.isnan(grid.power_kw[0, 4])  # a third of a quarter is no quarter
    assert grid.power_kw[1, 0] == pytest.approx(4)
    assert np.isnan(grid.power_kw[1, 1:]).all()
