"""No prefix, order or repetition of a file loses or doubles a reading."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from energyguard.files.distinct import contradictions
from energyguard.model.readings import batch_of
from tests.files.made import Row, read, rows_in_doubt
from tests.thorough import examples

BERLIN = ZoneInfo("Europe/Berlin")
SWITCHES = (datetime(2025, 10, 25, 20, tzinfo=UTC), datetime(2026, 3, 28, 22, tzinfo=UTC))
HEAD = "Anlage: 7\n\nZeit;Zähler;Bezug [kWh]\n"


def lines_of(start: datetime, values: list[int], meters: int) -> list[str]:
    """Quarters by the clock of Berlin, over the hour at which it changes."""
    lines = []
    for i, value in enumerate(values):
        local = (start + timedelta(minutes=15 * i)).astimezone(BERLIN)
        number = f"{value / 1000:.3f}".replace(".", ",")
        lines += [f"{local:%d.%m.%Y %H:%M};m{m};{number}\n" for m in range(meters)]
    return lines


def expected(start: datetime, values: list[int], meters: int) -> set[Row]:
    return {
        Row(
            f"m{m}", "energy_kwh", f"{start + timedelta(minutes=15 * i):%Y-%m-%dT%H:%M:%S}",
            f"{v / 1000:.3f}".rstrip("0").rstrip("."),
        )
        for i, v in enumerate(values)
        for m in range(meters)
    }  # fmt: skip


def taken(lines: list[str], head: str = HEAD) -> list[Row]:
    with TemporaryDirectory() as folder:
        found = read(Path(folder), head + "".join(lines), zone="Europe/Berlin")
    assert found.decoded.refused == ()
    return rows_in_doubt(found)


FILES = st.tuples(
    st.sampled_from(SWITCHES),
    st.lists(st.integers(0, 3_000), min_size=30, max_size=60),
    st.integers(1, 3),
)


@settings(max_examples=examples(13, 40), deadline=None)
@given(FILES, st.integers(1, 3), st.booleans())
def test_repeated_and_newest_first(
    file: tuple[datetime, list[int], int], repeats: int, newest_first: bool
) -> None:
    start, values, meters = file
    lines = lines_of(start, values, meters)
    lines = lines[::-1] if newest_first else lines
    found = taken(lines * repeats)
    assert len(found) == len(lines) * repeats
    assert set(found) == expected(start, values, meters)


@settings(max_examples=examples(13, 40), deadline=None)
@given(FILES, st.integers(1, 180))
def test_a_prefix_is_a_part_of_the_whole(
    file: tuple[datetime, list[int], int], length: int
) -> None:
    start, values, meters = file
    lines = lines_of(start, values, meters)[:length]
    found = taken(lines)
    assert len(found) == len(lines)
    assert set(found) <= expected(start, values, meters)


@settings(max_examples=examples(13, 40), deadline=None)
@given(st.data())
def test_any_order_of_lines_that_say_when_they_are(data: st.DataObject) -> None:
    start = data.draw(st.sampled_from(SWITCHES))
    values = data.draw(st.lists(st.integers(0, 3_000), min_size=2, max_size=40))
    lines = [
        f"{(start + timedelta(minutes=15 * i)).astimezone(BERLIN).isoformat()};m0;{v / 1000:.3f}\n"
        for i, v in enumerate(values)
    ]
    assert set(taken(data.draw(st.permutations(lines)))) == expected(start, values, 1)


SENT = st.tuples(
    st.sampled_from(["a", "b"]),
    st.sampled_from(["energy_kwh", "power_kw"]),
    st.sampled_from([0, 1, 2**41]),
    st.integers(1, 2),
)


@settings(deadline=None)
@given(st.lists(SENT, max_size=6))
def test_readings_contradict_others_of_their_series_and_time_alone(
    sent: list[tuple[str, str, int, int]],
) -> None:
    values: dict[tuple[str, str, int], list[int]] = {}
    for device, channel, time, value in sent:
        values.setdefault((device, channel, time), []).append(value)
    differ = sum(len(found) for found in values.values() if len({*found}) > 1)
    columns = ([row[at] for row in sent] for at in range(4))
    what = contradictions(batch_of(*columns))
    assert what.startswith(f"{differ} of {len(sent)} readings") if differ else not what
