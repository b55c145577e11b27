"""The floors as they are now: who is one, which come first, what is said of them."""

from __future__ import annotations

import pytest

from energyguard.alerts.alert import Alert
from energyguard.domains.building.floor_now import (
    METRICS,
    FloorNow,
    floor_name,
    floors_of,
    in_words,
    paged,
    samples_of,
)
from energyguard.model.alerts import Severity, State
from energyguard.service.views import DeviceView

KW = METRICS["kw"]


def row(device: str, channel: str = "power_kw", value: float = 6.0, silent: bool = False,
        topic: str = "energyguard.readings") -> DeviceView:  # fmt: skip
    return DeviceView(device, channel, topic, 1_000, value, "kW", value, silent)


def alert(
    device: str, severity: Severity = Severity.WARNING, state: State = State.FIRING, by: str = ""
) -> Alert:
    shown = State.ACKNOWLEDGED if by else state
    return Alert(
        f"{device}{severity}", "floor-kw", device, "power_kw", "energyguard.readings", severity,
        shown, state, 0, 0, 0, 0, 12, 11, 12, "kW", "too much", acknowledged_by=by or None,
    )  # fmt: skip


def names(floors: list[FloorNow], **how: str | int) -> list[str]:
    given = {"metric": KW, "search": "", "by": "trouble", "page": 1, "size": 100} | how
    return [floor.device for floor in paged(floors, **given).floors]  # type: ignore[arg-type]


def test_floors_are_the_devices_of_the_buildings_topic_by_their_number() -> None:
    live = [row("p10"), row("p2"), row("H001", topic="meter_readings"), row("roof")]
    assert [floor.device for floor in floors_of(live)] == ["p2", "p10", "roof"]
    assert [floor_name(d) for d in ("p2", "roof", "p0", "p02")] == ["Floor 2", "roof", "p0", "p02"]


def test_a_value_that_was_never_sent_is_not_there_and_a_floor_of_the_past_is_silent() -> None:
    found = {floor.device: floor for floor in floors_of([row("p1")], past={"p1": 7, "p3": 900})}
    assert set(found["p1"].readings) == {"power_kw"}
    assert (found["p1"].last_ms, found["p1"].silent) == (1_000, False)
    assert (found["p3"].readings, found["p3"].last_ms, found["p3"].silent) == ({}, 900, True)


def test_one_channel_that_sends_makes_a_floor_that_is_not_silent() -> None:
    half, quiet = floors_of(
        [row("p1", silent=True), row("p1", "current_a"), row("p2", silent=True)]
    )
    assert (half.silent, quiet.silent) == (False, True)
    assert half.readings["power_kw"].silent


def test_what_waits_for_somebody_comes_first_then_what_is_held_then_what_is_silent() -> None:
    live = [row(f"p{n}", silent=n == 4) for n in range(1, 7)]
    opened = [
        alert("p2", by="mara"),
        alert("p3"),
        alert("p5", Severity.CRITICAL),
        alert("p6", state=State.PENDING),
    ]
    assert names(floors_of(live, opened)) == ["p5", "p3", "p2", "p6", "p4", "p1"]
    assert names(floors_of(live, opened), by="floor") == [f"p{n}" for n in range(1, 7)]


def test_by_value_the_highest_is_first_and_what_is_not_known_last() -> None:
    live = [row("p1", value=3.0), row("p2", "current_a"), row("p3", value=9.0)]
    assert names(floors_of(live), by="value") == ["p3", "p1", "p2"]


def test_the_alert_that_matters_most_stands_for_a_floor() -> None:
    (floor,) = floors_of([row("p1")], [alert("p1", Severity.INFO), alert("p1", Severity.CRITICAL)])
    assert [each.severity for each in floor.alerts] == [Severity.CRITICAL, Severity.INFO]


@pytest.mark.parametrize(
    ("text", "found"), [("2", ["p2"]), ("floor 1", ["p1", "p10", "p11", "p12"]), ("P3", ["p3"])]
)
def test_a_number_finds_its_floor_alone(text: str, found: list[str]) -> None:
    assert names(floors_of([row(f"p{n}") for n in range(1, 13)]), search=text) == found


def test_pages_hold_all_floors_once_and_a_page_beyond_is_the_last() -> None:
    floors = floors_of([row(f"p{n}") for n in range(1, 101)])
    pages = [paged(floors, KW, "", "floor", n, 12) for n in range(1, 10)]
    assert [f.device for p in pages for f in p.floors] == [f"p{n}" for n in range(1, 101)]
    assert {(p.pages, p.found) for p in pages} == {(9, 100)}
    assert paged(floors, KW, "", "floor", 99, 12) == pages[-1]
    assert paged([], KW, "", "floor", 1, 12).pages == 1


def test_a_sentence_says_whether_all_is_well() -> None:
    live = [row(f"p{n}", silent=n == 4) for n in range(1, 7)]
    assert in_words(floors_of(live[:3])) == "None of the 3 floors has an open alert."
    assert in_words(floors_of(live[:1])) == "No alert of Floor 1 is open."
    assert in_words(floors_of(live)) == "Floor 4 is silent."
    assert in_words(floors_of(live, [alert("p2"), alert("p3")])) == (
        "Floor 2 and Floor 3 have an open alert; Floor 4 is silent; the other 3 floors are without."
    )
    many = [alert(f"p{n}") for n in (1, 2, 3, 5, 6)]
    assert in_words(floors_of(live, many)) == "5 floors have an open alert; Floor 4 is silent."


def test_samples_are_put_together_by_time_and_a_rise_needs_both_counters() -> None:
    kwh = "energy_register_kwh"
    found = samples_of(
        [(2, "power_kw", 5.0), (3, kwh, 1.5), (3, "power_kw", 6.0), (3, "power_kw", 9.0),
         (1, kwh, 1.0), (4, kwh, 0.25)],
        3,
    )  # fmt: skip
    assert [sample.time_ms for sample in found] == [4, 3, 2]
    assert [sample.rise for sample in found] == [-1.25, None, None]
    assert found[1].values == {kwh: 1.5, "power_kw": 6.0}
