"""Hours without readings: by each topic's own clock, up to when a device was there."""

from __future__ import annotations

from energyguard.service.consumption.missing_hours import HOUR_MS, gaps_of, missing_data
from tests.application.service import MadeUpService
from tests.application.world import DAY, START


def test_devices_that_lack_something_are_named_with_their_hours() -> None:
    found = missing_data(MadeUpService(), 7)
    assert [(row.device, row.hours, row.silent) for row in found.rows] == [
        ("H003", 3, False), ("H009", 2, True),
    ]  # fmt: skip
    assert (found.hours, found.devices, found.up_to_date) == (5, 51, 50)
    assert found.expected == 51 * 7 * 24
    row = found.rows[0]
    assert row.end_ms == START // HOUR_MS * HOUR_MS  # by the data's clock, not the wall's
    assert row.end_ms - row.start_ms == 7 * DAY
    assert all(to - begin == 3 * HOUR_MS for begin, to in row.stretches)


def test_nothing_is_missing_where_nobody_has_sent() -> None:
    found = missing_data(MadeUpService(empty=True), 7)
    assert (found.devices, found.hours, found.rows) == (0, 0, ())


def test_a_device_that_was_taken_away_lacks_nothing_afterwards() -> None:
    service = MadeUpService()
    service.enter("device/H009", name="Old meter", retired_ms=START - 1_000 * HOUR_MS)
    service.enter("device/H003", name="Oven", retired_ms=START - 26 * HOUR_MS)
    found = missing_data(service, 7)
    assert [(row.device, row.hours, row.silent) for row in found.rows] == [("H003", 1, False)]
    assert found.devices == 50


def test_a_device_alone_is_judged_as_among_all() -> None:
    service = MadeUpService()
    found = missing_data(service, 7)
    for row in found.rows:
        assert tuple(gaps_of(service, row.device, row.start_ms, row.end_ms)) == row.stretches
        assert tuple(gaps_of(service, row.device, row.start_ms, row.end_ms + 1_000)) == (
            row.stretches
        )
    service.enter("device/H003", name="Oven", retired_ms=START - 26 * HOUR_MS)
    [cut] = missing_data(service, 7).rows[1:]
    assert cut.device == "H003"
    assert tuple(gaps_of(service, "H003", cut.start_ms, cut.end_ms)) == cut.stretches
