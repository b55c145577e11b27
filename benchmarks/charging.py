"""Signals of chargers: how many a second become the four results, and what a charger takes.

    python -m benchmarks.charging
    python -m benchmarks.charging --signals 200000 --chargers 100 100000

One core, in this process, in turn: bytes of JSON to signals, signals to what comes of them, that
to the four results' bytes. State is that of all chargers after the last signal.
"""

from __future__ import annotations

import argparse
import time
import tracemalloc
from itertools import islice
from statistics import median
from typing import NamedTuple

from energyguard.domains.charging import codec as wire
from energyguard.domains.charging.model import Outcome, ParkingLimits
from energyguard.domains.charging.offline import ResultTopic, records
from energyguard.domains.charging.sessions.operator import SessionOperator
from energyguard.domains.charging.sessions.records import results
from energyguard.domains.charging.simulator.chargers import TIMINGS, signals

START = 1_716_120_000
FOREVER = 10**9
AT_ONCE = 5_000


class Seen(NamedTuple):
    """What one number of chargers came to."""

    chargers: int
    signals: int
    decode_s: float
    process_s: float
    encode_s: float

    @property
    def rate(self) -> float:
        """Signals a second, all steps together."""
        return self.signals / (self.decode_s + self.process_s + self.encode_s)


def messages(chargers: int, number: int) -> list[bytes]:
    """The first signals of so many chargers."""
    told = signals(chargers, 1, START, FOREVER, TIMINGS["listed"])
    return [wire.message(signal) for signal in islice(told, number)]


def measured(chargers: int, texts: list[bytes]) -> Seen:
    """Run all steps once."""
    limits, sessions = ParkingLimits(), SessionOperator()
    decode = process = encode = 0.0
    for start in range(0, len(texts), AT_ONCE):
        began = time.perf_counter()
        told = [wire.signal(text) for text in texts[start : start + AT_ONCE]]
        decoded = time.perf_counter()
        outcomes: list[Outcome] = sessions.process(told)
        processed = time.perf_counter()
        for _ in results(outcomes, limits, "charger-station-signals"):
            pass
        for _ in records(outcomes, ResultTopic.TOTAL_OCCUPIED, limits):
            pass
        encode += time.perf_counter() - processed
        process += processed - decoded
        decode += decoded - began
    return Seen(chargers, len(texts), decode, process, encode)


def _state(chargers: int, texts: list[bytes]) -> float:
    """Bytes of memory per charger when all signals have been taken."""
    told = [wire.signal(text) for text in texts]
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    sessions = SessionOperator()
    sessions.process(told)
    used = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    return used / chargers


def main() -> None:
    """Every number of chargers in turn, a few times; what each came to in the median."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--signals", type=int, default=500_000)
    parser.add_argument("--chargers", type=int, nargs="+", default=[100, 100_000])
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    texts = {chargers: messages(chargers, options.signals) for chargers in options.chargers}
    seen: dict[int, list[Seen]] = {chargers: [] for chargers in texts}
    for _ in range(options.rounds):
        for chargers, some in texts.items():
            seen[chargers].append(measured(chargers, some))
    first = median(one.rate for one in seen[options.chargers[0]])
    for chargers, runs in seen.items():
        rates = sorted(one.rate for one in runs)
        runs.sort(key=lambda one: one.rate)
        middle = runs[len(runs) // 2]
        print(
            f"{chargers:>7,} chargers: {median(rates):,.0f} signals/s in the median of "
            f"{len(rates)} ({rates[0]:,.0f} to {rates[-1]:,.0f}; decode "
            f"{middle.signals / middle.decode_s:,.0f}, process "
            f"{middle.signals / middle.process_s:,.0f}, encode "
            f"{middle.signals / middle.encode_s:,.0f}), "
            f"{first / median(rates):.2f}× slower than {options.chargers[0]:,}, "
            f"{_state(chargers, texts[chargers]):,.0f} bytes of state each",
            flush=True,
        )


if __name__ == "__main__":
    main()
