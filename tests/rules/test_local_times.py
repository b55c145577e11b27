"""Local hours: each device by the clock of its site, as the pinned catalogue has it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
import pytest

from energyguard.catalogue.revisions import PlacesFrom
from energyguard.model.selector import DeviceFacts, SiteClock
from energyguard.records.alerts import AlertEvent
from energyguard.rules.devices import Facts
from energyguard.rules.kinds import decoding
from energyguard.rules.local_times import DeviceClocks, LocalRule, RuleCalendars
from energyguard.rules.rule import Rule, SiteCalendar
from energyguard.stream.windows.places import PlacesAt
from tests.rules.lives import Row, fed, operator_of, rule_of

BERLIN, YORK = SiteClock("Europe/Berlin"), SiteClock("America/New_York")
CLOCKS = {"berlin": BERLIN, "york": YORK}
END = datetime(2026, 4, 11, tzinfo=UTC)
START_MS = int(datetime(2026, 3, 2, tzinfo=UTC).timestamp() * 1000)
"""New York's clocks go forward on the 8th of March, Berlin's on the 29th."""
HOUR_S, HOUR_MS = 3600, 3_600_000
KINDS = {
    "unusual": (28, 'kind = "unusual"\nid = "r"\nchannels = ["power_kw"]\nalerts_a_week = 0.5\n'),
    "profile": (40, 'kind = "profile"\nid = "r"\nchannels = ["power_kw"]\nsigmas = 6\n'),
}
"""How many days each is taught, and the rule."""


def stands(revision: int, time_ms: int) -> PlacesFrom:
    """At the first revision nobody has said where; at the second all have their sites."""
    known = CLOCKS if revision else {}
    return PlacesFrom(lambda name: DeviceFacts(name, clock=known.get(name, SiteClock())))


def lived(days: int) -> list[Row]:
    """Both cook from 18 to 21 by the clock on their wall; at last berlin does at 3 at night."""
    rows: list[Row] = []
    for hour in range(-24 * days, 0):
        at = END + timedelta(hours=hour)
        second = int(at.timestamp()) - START_MS // 1000
        for n, (name, clock) in enumerate(CLOCKS.items()):
            local = at.astimezone(ZoneInfo(clock.zone)).hour
            cooks = 18 <= local < 21 or (local == 3 and hour > -24 and name == "berlin")
            rows.append((name, "power_kw", second, 0.2 + 0.02 * ((7 * hour + n) % 5) + 4.0 * cooks))
    return rows


def alerts(text: str, rows: Sequence[Row], folder: Path, size: int = 10**9) -> list[AlertEvent]:
    """What fires, once it is learned; with ``size`` in pieces, each with a restart."""
    rule = rule_of(folder, text).at_site(SiteCalendar("Asia/Tokyo"))
    operator, found = operator_of([rule], places_at=stands), list[AlertEvent]()
    operator.place(1)
    parts: dict[str, bytes | None] = {}
    for at in range(0, len(rows), size):
        found += fed(operator, rows[at : at + size], START_MS)
        if len(rows) > size:
            parts |= operator.snapshot()
            operator = operator_of([rule], places_at=stands)
            operator.restore({name: part for name, part in parts.items() if part})
    since_ms = END.timestamp() * 1000 - 19 * 24 * HOUR_MS
    return [e for e in found if e.state == "firing" and e.since_ms >= since_ms]


@pytest.mark.parametrize("kind", KINDS)
def test_a_habit_is_one_of_the_clock_on_the_wall(tmp_path: Path, kind: str) -> None:
    """Also over the days when clocks go forward, however readings come and who else is there."""
    days, text = KINDS[kind]
    rows = lived(days)
    found = alerts(text, rows, tmp_path, 331)
    assert {event.device for event in found} == {"berlin"}
    assert all(event.since_ms > END.timestamp() * 1000 - 24 * HOUR_MS for event in found)
    assert "Fri 03:00" in found[0].about  # as its people's clock has it
    alone = [row for row in rows if row[0] == "berlin"]
    assert alerts(text, alone, tmp_path) == found


def test_a_rule_that_says_a_zone_goes_by_it_everywhere(tmp_path: Path) -> None:
    text, germany = KINDS["unusual"][1], SiteClock("Europe/Berlin", ("DE",))
    own, days = rule_of(tmp_path, text + 'zone = "Asia/Tokyo"'), text + 'holidays = ["JP"]'
    settings = SiteCalendar("Europe/Rome", ("IT",))
    assert clock_of(own.at_site(settings), germany) == (False, "Asia/Tokyo", ("IT",))
    own = rule_of(tmp_path, days)
    assert clock_of(own.at_site(settings), germany) == (True, "Europe/Berlin", ("JP",))


def test_a_rule_that_was_decided_before_goes_by_what_was_decided(tmp_path: Path) -> None:
    """Then the settings were written as its own: a replay must not look at sites."""
    old = {"kind": "profile", "id": "r", "channels": ["power_kw"], "sigmas": 1, "clear_at": 1}
    known = msgspec.convert(old | {"zone": "Europe/Rome", "holidays": []}, Rule, dec_hook=decoding)
    germany = SiteClock("Europe/Berlin", ("DE",))
    assert clock_of(known, germany) == (False, "Europe/Rome", ())


def clock_of(rule: Rule, site: SiteClock) -> tuple[bool, str, tuple[str, ...]]:
    """Whether sites matter, and whose days hold at one."""
    assert isinstance(rule, LocalRule)
    return (rule.goes_by_sites, *rule.calendars.clock(site))


def test_who_has_no_site_goes_by_the_settings() -> None:
    calendars = RuleCalendars(SiteClock(), SiteClock("Europe/Rome", ("IT",)))
    assert calendars.clock(SiteClock()) == SiteClock("Europe/Rome", ("IT",))
    assert calendars.clock(SiteClock("", ("DE",))) == SiteClock("Europe/Rome", ("DE",))
    devices = ["berlin"]
    clocks = DeviceClocks(devices, lambda name: CLOCKS.get(name, SiteClock()))
    time = np.array([START_MS])
    one = calendars.moments(clocks, np.array([0]), time)
    devices.append("nobody")  # a partition's devices come one after the other
    two = calendars.moments(clocks, np.array([1, 0, 1]), time.repeat(3))
    assert one.slot.tolist() == two.slot[1:2].tolist() == [2]
    assert two.slot.tolist() == [2, 2, 2]  # Rome has Berlin's hours
    york = DeviceClocks(["york"], CLOCKS.__getitem__)
    assert calendars.moments(york, np.array([0]), time).slot.tolist() == [6 * 48 + 38]


HOURLY = 'kind = "demand"\nid = "r"\nchannels = ["power_kw"]\nraise_above = 10\nperiod = "1 hour"\n'


def left_s(folder: Path, places_at: PlacesAt, surge: int) -> dict[str, float]:
    """How much of its hour is left, of who is told to need too much at so many tens of minutes."""
    operator = operator_of([rule_of(folder, HOURLY)], places_at=places_at)
    operator.place(1)
    rows: list[Row] = [
        (name, "power_kw", n * 600, 9.0 + 6 * (n == surge))
        for n in range(surge + 2)
        for name in ("g", "h")
    ]
    found = [event for event in fed(operator, rows, START_MS) if event.state == "firing"]
    return {event.device: dict(event.evidence)["left_s"] / 10**9 for event in found}


def in_delhi(*devices: str) -> Facts:
    """Delhi's hours begin at :30 of those of UTC."""
    return lambda name: DeviceFacts(name, clock=SiteClock("Asia/Kolkata" * (name in devices)))


def test_periods_are_parts_of_the_site_s_hours(tmp_path: Path) -> None:
    found = left_s(tmp_path, lambda *_: PlacesFrom(in_delhi("h")), surge=4)
    assert found == {"g": 1200, "h": 3000}  # at 00:40, of an hour that began at 00:30


def test_who_moves_at_an_event_time_goes_by_the_other_clock_from_then_on(tmp_path: Path) -> None:
    border_ms = START_MS + 45 * 60_000

    def places(revision: int, time_ms: int) -> PlacesFrom:
        if time_ms < border_ms:
            return PlacesFrom(in_delhi("g"), border_ms, {"h"})
        return PlacesFrom(in_delhi("g", "h"))

    assert left_s(tmp_path, places, surge=4) == {"g": 3000, "h": 1200}
    assert left_s(tmp_path, places, surge=10) == {"g": 3000, "h": 3000}
