"""How fast files of other people are read: readings a second by one core, once in memory.

    python -m benchmarks.dialects --readings 1000000

Each file is made, then read ``--runs`` times in turn with the others; the figure is the median of
the processor's time, and its ratio to our own CSV, which the border reads, in the same run.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

from energyguard.codecs.assembly import DEFAULT
from energyguard.codecs.formats import decode
from energyguard.files.delimited import read_delimited
from energyguard.files.formats import formats
from energyguard.files.found import FileAnswers

START = datetime(2024, 1, 1, tzinfo=UTC)
ANSWERS = FileAnswers(device="home", zone="Europe/Berlin")


def minutes(count: int) -> Iterator[datetime]:
    """Minutes, a thousand meters each."""
    for number in range(count):
        yield START + timedelta(minutes=number // 1_000)


def own_csv(count: int) -> bytes:
    """Our own."""
    lines = [
        f"{at:%Y-%m-%dT%H:%M:%SZ},m{i % 1_000},{i % 997 / 1_000:.3f}"
        for i, at in enumerate(minutes(count))
    ]
    return ("timestamp,device,energy_kwh\n" + "\n".join(lines) + "\n").encode()


def german(count: int) -> bytes:
    """Semicolons, decimal commas, local times."""
    lines = [
        f"{at:%d.%m.%Y %H:%M};m{i % 1_000};{i % 97},{i % 1_000:03}"
        for i, at in enumerate(minutes(count))
    ]
    return ("Zeit;Zähler;Bezug [kWh]\n" + "\n".join(lines) + "\n").encode()


def nem12(count: int) -> bytes:
    """Days of half hours."""
    lines = ["100,NEM12,202603020815,MDP1,Retailer1", "200,NMI1,E1,1,E1,N1,M1,KWH,30,"]
    values = ",".join(f"{n / 100:.2f}" for n in range(48))
    for day in range(count // 48):
        if day % 3_000 == 0:
            lines.append(f"200,NMI{day // 3_000},E1,1,E1,N1,M1,KWH,30,")
        lines.append(
            f"300,{START + timedelta(days=day % 3_000):%Y%m%d},{values},A,,,20260302000000,"
        )
    return "\n".join([*lines, "900", ""]).encode()


def espi(count: int) -> bytes:
    """Hours in blocks of a day."""
    text = formats()["espi"].example.decode()
    head, _, rest = text.partition('<IntervalBlock xmlns="http://naesb.org/espi">')
    tail = rest.partition("</IntervalBlock>")[2]
    first = int(START.timestamp())
    readings = "".join(
        f"<IntervalReading><timePeriod><duration>3600</duration><start>{first + 3_600 * i}</start>"
        f"</timePeriod><value>{i % 2_000}</value></IntervalReading>"
        for i in range(count)
    )
    block = f'<IntervalBlock xmlns="http://naesb.org/espi">{readings}</IntervalBlock>'
    return (head + block + tail).encode()


Read = Callable[[bytes], int]


def _of_format(name: str) -> Read:
    def read(data: bytes) -> int:
        return len(formats()[name].read(data, name, ANSWERS, DEFAULT).decoded.rows)

    return read


def _table(data: bytes) -> int:
    return len(read_delimited(data, "table", ANSWERS, DEFAULT).decoded.rows)


def _own(data: bytes) -> int:
    return len(decode(data)[1].rows)


FILES: dict[str, tuple[Callable[[int], bytes], Read]] = {
    "own CSV": (own_csv, _own),
    "own CSV as a table": (own_csv, _table),
    "; and decimal commas": (german, _table),
    "NEM12": (nem12, _of_format("nem12")),
    "Green Button": (espi, _of_format("espi")),
}


def main(count: int, runs: int) -> None:
    """Prints a line per kind of file."""
    contents = {name: make(count) for name, (make, _) in FILES.items()}
    rates: dict[str, list[float]] = {name: [] for name in FILES}
    for _ in range(runs):
        for name, (_, read) in FILES.items():
            began = time.process_time()
            taken = read(contents[name])
            rates[name].append(taken / (time.process_time() - began))
            assert taken > 0.9 * count - 48, f"{name}: {taken} of {count}"
    own = statistics.median(rates["own CSV"])
    for name, found in rates.items():
        rate = statistics.median(found)
        print(f"{name:22} {rate / 1e6:6.2f} M readings/s  {rate / own:5.2f} of our own CSV")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--readings", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=3)
    given = parser.parse_args()
    main(given.readings, given.runs)
