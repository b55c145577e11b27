"""Fixed inputs, made by arithmetic: every run puts the same bytes into the same partitions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Final

from tests.golden.logfile import Message

START_S: Final = 1_757_239_200  # 2025-09-07T10:00:00Z
HOMES: Final = ("H001", "H002", "H003", "H004")
QUARTERS: Final = ("Q001", "Q002")  # one reading in 15 minutes
HOURS: Final = ("X001",)  # one in an hour
MINUTES: Final = 40
END_S: Final = START_S + 80 * 60  # what is sent then closes every window

Row = tuple[int, str, int]
"""Second, household, energy in 1e-6 kWh."""


def iso(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def plain(second: int) -> str:
    return iso(second)[:-1].replace("T", " ")


def kwh(micro: int) -> str:
    return f"{micro / 1e6:.6f}".rstrip("0").rstrip(".")


def micro_of(home: int, tick: int) -> int:
    """A quiet use; home 0 is over 2 kWh a quarter of an hour from minute 8 to 26, then quiet."""
    high = home == 0 and 32 <= tick < 104
    return (60_000 if high else 4_000) + (tick * 7_919 + home * 104_729) % 9_000


def clean() -> list[Row]:
    """Homes every 15 s, every 15 minutes, every hour; and one round that closes the windows."""
    rows = [
        (START_S + 15 * tick, home, micro_of(number, tick))
        for tick in range(4 * MINUTES)
        for number, home in enumerate(HOMES)
    ]
    rows += [
        (START_S + 900 * n, home, 2_600_000 if n == 1 else 300_000 + 1_000 * n)
        for home in QUARTERS
        for n in range(5)
    ]
    rows += [(START_S + 3_600 * n, home, 2_100_000 + n) for home in HOURS for n in range(2)]
    rows.sort(key=lambda row: (row[0], row[1]))
    return rows + [(END_S, home, 5_000) for home in (*HOMES, *QUARTERS, *HOURS)]


def disturbed() -> list[Row]:
    """Out of order, doubled, doubled with another value, late, far ahead; in the log's order."""
    rows = [row for row in clean() if row[1] in HOMES]
    for place in range(5, len(rows) - 40, 11):  # up to some minutes out of order
        rows[place], rows[place + 30] = rows[place + 30], rows[place]
    again = [row for place, row in enumerate(rows) if place % 17 == 3]
    for count, row in enumerate(again):
        rows.insert(40 + 19 * count, row)
    second, home, micro = rows[200]
    rows.insert(260, (second, home, micro + 1))
    late = [(START_S + 30 * n + 7, home, 11_000 + n) for n in range(4) for home in HOMES[:2]]
    ahead = [(START_S + 20 * 3_600, "H002", 70_000), (START_S + 2 * 3_600 + 5, "H003", 6_000)]
    return rows[:-80] + ahead + rows[-80:-4] + late + rows[-4:] + late[:3]


def csv(rows: Iterable[Row]) -> list[Message]:
    """A line of CSV a message, with its household as key."""
    return [
        Message(f"{iso(second)},{home},{kwh(micro)}".encode(), home.encode())
        for second, home, micro in rows
    ]


def json(rows: Iterable[Row]) -> list[Message]:
    """An object a message, with its household as key."""
    form = '{{"timestamp":"{}","household_id":"{}","energy_kwh":{}}}'
    return [
        Message(form.format(iso(second), home, kwh(micro)).encode(), home.encode())
        for second, home, micro in rows
    ]


def bad() -> list[Message]:
    """Messages that cannot be read, among them one of a partition that has no others."""
    values = (
        b"{",
        b"[]",
        b"no,reading",
        b"2025-09-07T10:00:00Z,H001,much",
        b"2025-09-07T10:00:00Z,H001,101",
        b'{"timestamp":"2025-09-07T10:00:00Z","household_id":"H001","energy_kwh":"1"}',
        b'{"timestamp":"2025-09-07T10:00:00Z","household_id":"","energy_kwh":1}',
        b"\xff\xfe",
        b"",
    )
    return [Message(value, b"H00%d" % (1 + place % 4)) for place, value in enumerate(values)]


def keyless(rows: Iterable[Row]) -> list[Message]:
    """As from a producer that knows nothing of keys: a household is in every partition."""
    return [Message(message.value, None, place * 5 % 8) for place, message in enumerate(csv(rows))]


def floors() -> list[Message]:
    """Three floors every 10 s for 20 minutes; the second one draws much in the middle."""
    counter = {1: 1_000_000, 2: 2_000_000, 3: 3_000_000}
    found = []
    for tick in range(121):
        for floor in counter:
            high = floor == 2 and 40 <= tick < 80
            watts = 9_000 if high else 1_500 + (tick * 613 + floor * 97) % 400
            counter[floor] += watts // 360
            milliamps = watts * 1_000 // 230
            text = (
                f'{{"piano":{floor},"sensore1_kwh":{counter[floor] / 1e3:.3f},'
                f'"sensore2_kw":{watts / 1e3:.3f},"sensore3_corrente":{milliamps / 1e3:.3f},'
                f'"sensore3_tensione":{230 + tick % 3}.5,'
                f'"timestamp":"{iso(START_S + 10 * tick)[:-1]}.000000+00:00"}}'
            )
            found.append(Message(text.encode(), b"p%d" % floor))
    return found


def degrees() -> list[Message]:
    """A thermometer each second: it rises to 30, stays, falls to 20."""
    walk = [*range(20, 30), *[30] * 100, *range(30, 20, -1), *[20] * 100]
    return [
        Message(f'{{"timestamp":"{plain(START_S + n)}","celsius":{celsius}}}'.encode(), None, 0)
        for n, celsius in enumerate(walk)
    ]


def signals(lines: bytes) -> list[Message]:
    """Signals of chargers, a line each, in the partition of the number of their charger."""
    return list(_signals(lines))


def _signals(lines: bytes) -> Iterator[Message]:
    for line in lines.splitlines():
        charger = line.split(b'"charger_id":"')[1].split(b'"')[0] if b"charger_id" in line else b""
        number = charger.rpartition(b"-")[2]
        yield Message(line, charger or b"charger-0", int(number or b"0") % 100)
