"""Half-hours of the week by a site's clock: summer time both ways, odd zones, holidays."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from energyguard.rules.profile.calendar import HALF_HOUR_MS, Calendar, slot_label

QUARTER_MS = 900_000


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def labels(calendar: Calendar, first: str, quarters: int) -> list[str]:
    times = ms(first) + np.arange(quarters) * QUARTER_MS
    return [slot_label(slot) for slot in calendar.moments(times).slot.tolist()]


@pytest.mark.parametrize("zone", ["UTC", "Europe/Rome", "Asia/Kathmandu", "America/St_Johns"])
def test_a_half_hour_is_that_of_the_wall_clock(zone: str) -> None:
    times = ms("2025-01-01T00:00:00") + np.arange(0, 35_040) * QUARTER_MS + 61_234
    moments = Calendar(zone).moments(times)
    for time, slot, start in zip(
        times[::7].tolist(), moments.slot[::7], moments.start[::7], strict=True
    ):
        local = datetime.fromtimestamp(time / 1000, ZoneInfo(zone))
        assert slot == local.weekday() * 48 + local.hour * 2 + local.minute // 30
        begin = local.replace(minute=local.minute // 30 * 30, second=0, microsecond=0)
        assert start == int(begin.timestamp() * 1000)


def test_clocks_that_go_back_visit_an_hour_twice_and_both_are_half_hours_of_their_own() -> None:
    rome = Calendar("Europe/Rome")
    times = ms("2025-10-26T00:00:00") + np.arange(8) * QUARTER_MS  # 02:00 summer to 03:00 winter
    moments = rome.moments(times)
    assert [slot_label(s) for s in moments.slot[::2]] == [
        "Sun 02:00–02:30", "Sun 02:30–03:00", "Sun 02:00–02:30", "Sun 02:30–03:00",
    ]  # fmt: skip
    assert np.diff(moments.start[::2]).tolist() == [HALF_HOUR_MS] * 3


def test_clocks_that_go_forward_leave_an_hour_out() -> None:
    found = labels(Calendar("Europe/Rome"), "2025-03-30T00:30:00", 4)
    assert found == ["Sun 01:30–02:00"] * 2 + ["Sun 03:00–03:30"] * 2


def test_a_holiday_is_a_sunday_of_any_kind() -> None:
    calendar = Calendar("Europe/Rome", ("IT", "12-24", "2026-06-03", "DE-BY"))
    for day, name in (
        ("2026-06-02", "Sun"),  # Tuesday: the Republic's
        ("2026-06-03", "Sun"),
        ("2027-06-03", "Thu"),
        ("2026-12-24", "Sun"),
        ("2027-12-24", "Sun"),
        ("2026-04-06", "Sun"),  # Easter Monday
        ("2026-06-04", "Sun"),  # Corpus Christi: not of all Germany
        ("2026-06-05", "Fri"),
    ):
        (found,) = labels(calendar, f"{day}T10:00:00", 1)
        assert found.split()[0] == name, day


def test_a_batch_over_many_days_is_as_its_times_alone() -> None:
    calendar = Calendar("America/New_York")
    times = ms("2024-02-28T00:00:00") + np.random.default_rng(5).integers(0, 10**11, 500)
    together = calendar.moments(times)
    for i, time in enumerate(times.tolist()):
        alone = Calendar("America/New_York").moments(np.array([time]))
        assert (alone.slot[0], alone.start[0]) == (together.slot[i], together.start[i])


@pytest.mark.parametrize("text", ["QQ", "DE-QQ", "2026-13-01", "30-02", "soon."])
def test_what_is_no_day_and_no_country_is_said(text: str) -> None:
    with pytest.raises(ValueError, match=text):
        Calendar("UTC", (text,))
