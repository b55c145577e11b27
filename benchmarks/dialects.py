"""How fast what other people's senders and files hold is read: readings a second by one core.

    python -m benchmarks.dialects --readings 1000000

Each file or body is made, then read ``--runs`` times in turn with the others, from memory; the
figure is the median of the processor's time, and its ratio to our own CSV, which the border reads,
in the same run. Bodies come as their senders cut them: 5,000 lines of Influx, 2,000 samples. Beside
those stands the share of what VictoriaMetrics' capacity planning counts on of a core, which stores
them, too (``INSERTED_BY_A_CORE``): its claim, no measurement of ours.
"""

from __future__ import annotations

import argparse
import statistics
import struct
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta

from energyguard.codecs.assembly import DEFAULT
from energyguard.codecs.formats import decode
from energyguard.codecs.headers import known
from energyguard.files.formats import formats
from energyguard.files.found import FileAnswers
from energyguard.files.tables.delimited import read_delimited

INSERTED_BY_A_CORE = 300_000
"""Data points a second, "a CPU core per 300K inserted data points per second": VictoriaMetrics'
README, *Capacity planning*, of 2019 and 2020."""
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


def influx(count: int) -> bytes:
    """Lines as Telegraf writes them: two tags, a field."""
    first = int(START.timestamp())
    return "".join(
        f"plug,device=m{i % 1_000},host=pi power_w={i % 9_973 / 10} "
        f"{(first + 60 * (i // 1_000)) * 10**9}\n"
        for i in range(count)
    ).encode()


def field(number: int, content: bytes) -> bytes:
    """A field of a message of protobuf."""
    return bytes([number << 3 | 2]) + varint(len(content)) + content


def varint(number: int) -> bytes:
    """A number of one."""
    low, rest = number & 0x7F, number >> 7
    return bytes([low | 0x80]) + varint(rest) if rest else bytes([low])


def sample(number: int) -> bytes:
    """A sample of a meter's series."""
    time = int(START.timestamp() * 1_000) + 60_000 * (number // 1_000)
    return field(2, b"\x09" + struct.pack("<d", number % 9_973 / 10 + 1) + b"\x10" + varint(time))


def labels(number: int) -> Mapping[str, str]:
    """The labels of a meter's series, as a scrape has them."""
    of_all = {"instance": "10.0.0.1:9100", "job": "plugs", "room": "cellar"}
    return {"__name__": "power_watts", "device": f"m{number % 1_000}", **of_all}


def batches(count: int) -> Iterator[range]:
    """The numbers of each request."""
    for at in range(0, count, BATCH):
        yield range(at, min(at + BATCH, count))


def remote_write(count: int) -> bytes:
    """Remote write 1.0: a sample in a series."""
    heads = [
        b"".join(field(1, field(1, k.encode()) + field(2, v.encode())) for k, v in named.items())
        for named in map(labels, range(1_000))
    ]
    requests = (
        b"".join(field(1, heads[i % 1_000] + sample(i)) for i in part) for part in batches(count)
    )
    return SEPARATOR.join(requests)


def remote_write_2(count: int) -> bytes:
    """Remote write 2.0: a sample in a series, labels by their symbols."""
    symbols: dict[str, int] = {"": 0, "watts": 1}
    heads = [
        b"".join(
            varint(symbols.setdefault(text, len(symbols)))
            for pair in labels(number).items()
            for text in pair
        )
        for number in range(1_000)
    ]
    table = b"".join(field(4, text.encode()) for text in symbols)
    about = field(5, b"\x08\x02\x18\x00\x20\x01")
    requests = (
        table + b"".join(field(5, field(1, heads[i % 1_000]) + sample(i) + about) for i in part)
        for part in batches(count)
    )
    return SEPARATOR.join(requests)


def telegrams(dialect: str) -> Callable[[int], bytes]:
    """Telegrams as a dialect's example is, a hundred in a body."""

    def made(count: int) -> bytes:
        found = known().named(dialect)
        assert found is not None
        each = len(decode(found.example, dialect)[1].rows)
        return SEPARATOR.join([found.example * 100] * (count // (100 * each) + 1))

    return made


BATCH = 2_000
SEPARATOR = b"\xff" * 16
"""Between the bodies of requests, for what cannot be cut by lines."""
Read = Callable[[bytes], int]


def _of_lines(shape: str) -> Read:
    def read(data: bytes) -> int:
        lines = data.splitlines(keepends=True)
        bodies = [b"".join(lines[at : at + 5_000]) for at in range(0, len(lines), 5_000)]
        return sum(len(decode(body, shape)[1].rows) for body in bodies)

    return read


def _of_requests(shape: str) -> Read:
    def read(data: bytes) -> int:
        return sum(len(decode(body, shape)[1].rows) for body in data.split(SEPARATOR))

    return read


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
    "Influx lines": (influx, _of_lines("influx")),
    "remote write 1.0": (remote_write, _of_requests("prometheus")),
    "remote write 2.0": (remote_write_2, _of_requests("prometheus:2")),
    "DSMR P1": (telegrams("p1"), _of_requests("p1")),
    "SML": (telegrams("sml"), _of_requests("sml")),
    "Linky TIC": (telegrams("tic"), _of_requests("tic")),
}


def main(count: int, runs: int) -> None:
    """Prints a line per kind of file and body."""
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
        said = f"{name:22} {rate / 1e6:6.2f} M readings/s  {rate / own:5.2f} of our own CSV"
        if name in ("Influx lines", "remote write 1.0", "remote write 2.0"):
            said += f"  {rate / INSERTED_BY_A_CORE:.1f} of VictoriaMetrics' claim, with storing"
        print(said)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--readings", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=3)
    given = parser.parse_args()
    main(given.readings, given.runs)
