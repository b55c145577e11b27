"""An energy is explained in a terminal, down to the bytes of a reading."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from energyguard.log import Records, open_log
from tests.cli.conftest import Terminal
from tests.history.made import T0, readings, served

QUARTER = 900_000
TWO_DAYS = T0 + 192 * QUARTER
VALUES = [1_000 + n for n in range(97)]
VALUES[40] = 0
MESSAGE = b"2025-09-07T03:00:00Z,oven,0.25"


@pytest.fixture
def _history(data_dir: Path) -> Iterator[None]:
    """A register of a day with a zero in it; and a message in the log."""
    data_dir.mkdir()
    log = open_log(f"sqlite:///{data_dir / 'log.db'}")
    log.append("energy_readings", Records([b"oven"], [MESSAGE]))
    [end] = log.append(
        "energy_readings", Records([b"pump"], [b""], timestamps_ms=[TWO_DAYS])
    ).values()
    log.close()
    rows = [("main", n * QUARTER, kwh * 10**9) for n, kwh in enumerate(VALUES)]
    tables = [
        readings(rows, "energy_register_kwh"),
        readings([("oven", 108 * QUARTER, 250_000_000)]),
        readings([("oven", 112 * QUARTER, 250_000_000)], first=9 << 20),
        readings([("half", n * 2 * QUARTER, 2_500_000_000) for n in range(8)], first=19 << 20),
        readings([("quick", n * 15_000, 10**6) for n in range(240)], first=39 << 20),
        readings(
            [("pump", n * QUARTER, 10**9 + n * 12_500_000) for n in (40, 50)],
            "energy_register_kwh",
            first=(end - 1) << 20,
        ),
    ]
    with served(data_dir, *tables):
        yield


@pytest.mark.usefixtures("_history")
def test_a_day_and_a_reading_are_explained(terminal: Terminal) -> None:
    shown = terminal("explain", "main", "--day", "2025-09-06", "--zone", "UTC")
    assert shown.code == 0, shown.err
    first = shown.out.splitlines()[0]
    assert first.startswith("main, 2025-09-06 00:00 to 2025-09-07 00:00 (UTC): 96 kWh; at least ")
    assert "95 ordinary entries (difference)" in shown.out
    quick = terminal("explain", "quick", "--day", "2025-09-06", "--zone", "UTC", "--json").json
    assert (quick["kwh"], quick["steps"][0]["coverage"]) == (pytest.approx(0.24), 1.0)
    half = terminal("explain", "half", "--day", "2025-09-06", "--zone", "UTC").out
    assert "(UTC): 20 kWh; at least 20, at most 2,020; readings speak of 16.67%" in half
    assert "returned 1041 kWh after 15 minutes" in shown.out
    assert len(shown.out.splitlines()) < 12
    found = terminal("explain", "main", "--day", "2025-09-06", "--json").json
    assert (len(found["entries"]), found["ordinary"][0]["entries"]) == (2, 95)
    every = terminal("explain", "main", "--day", "2025-09-06", "--json", "--all").json
    assert len(every["entries"]) == 97
    [original] = terminal("explain", "oven", "--reading", "2025-09-07T03:00:00Z", "--json").rows
    assert (original["text"], original["topic"]) == (MESSAGE.decode(), "energy_readings")
    gone = terminal("explain", "oven", "--reading", "2025-09-07T04:00:00Z")
    assert "the log keeps that no longer" in gone.out
    none = terminal("explain", "oven", "--reading", "2025-09-07T05:00:00Z")
    assert (none.code, "has no reading of 'oven'" in none.err) == (4, True)
    assert terminal("explain", "site/house", "--reading", "2025-09-06").code == 2


@pytest.mark.usefixtures("_history")
def test_what_was_known_by_a_time_is_asked_in_a_terminal(terminal: Terminal) -> None:
    day = ("pump", "--day", "2025-09-06", "--zone", "UTC", "--as-known")
    before = terminal("explain", *day, "2025-09-07")
    assert before.code == 0, before.err
    assert "as known by 2025-09-07 00:00:00; now 0.125 kWh: 0.125 more" in before.out
    since = terminal("explain", *day, "2025-09-08")
    assert "as known by 2025-09-08 00:00:00; now it is the same" in since.out
    used = [
        sum(row["kwh"] for row in terminal("bounds", *day, by, "--step", "24h", "--json").rows)
        for by in ("2025-09-07", "2025-09-08")
    ]
    assert used == [0.0, 0.125]
    gone = terminal("explain", "main", "--day", "2025-09-06", "--as-known", "1h")
    assert (gone.code, "the log keeps record 0 of energy_readings no longer" in gone.err) == (
        4,
        True,
    )
