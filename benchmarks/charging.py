"""Signals of chargers: how many a second become the four results, and what a charger takes.

    python -m benchmarks.charging
    python -m benchmarks.charging --signals 200000 --chargers 100 100000

One core, in this process: bytes of JSON to signals, signals to what comes of them, that to the four
results' bytes. Beside it the same with the first number of chargers, in the same run.
"""

from __future__ import annotations

import argparse
import time
import tracemalloc
from itertools import islice
from typing import NamedTuple

from energyguard.detect.charging import Output, records
from energyguard.model.charging import Limits, Outcome
from energyguard.sources.chargers import TIMINGS, signals
from energyguard.stream.sessions import Sessions
from energyguard.wire import charging as wire

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
    bytes_each: float  # of state, with all chargers occupied or free as they are at the end

    @property
    def rate(self) -> float:
        """Signals a second, all steps together."""
        return self.signals / (self.decode_s + self.process_s + self.encode_s)


def messages(chargers: int, number: int) -> list[bytes]:
    """The first signals of so many chargers."""
    told = signals(chargers, 1, START, FOREVER, TIMINGS["listed"])
    return [wire.message(signal) for signal in islice(told, number)]


def measured(chargers: int, number: int) -> Seen:
    """Run all steps once."""
    texts, limits, sessions = messages(chargers, number), Limits(), Sessions()
    decode = process = encode = 0.0
    for start in range(0, number, AT_ONCE):
        began = time.perf_counter()
        told = [wire.signal(text) for text in texts[start : start + AT_ONCE]]
        decoded = time.perf_counter()
        outcomes: list[Outcome] = sessions.process(told)
        processed = time.perf_counter()
        for output in Output:
            for _ in records(outcomes, output, limits):
                pass
        encode += time.perf_counter() - processed
        process += processed - decoded
        decode += decoded - began
    return Seen(chargers, number, decode, process, encode, _state(chargers, texts))


def _state(chargers: int, texts: list[bytes]) -> float:
    """Bytes of memory per charger when all signals have been taken."""
    told = [wire.signal(text) for text in texts]
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    sessions = Sessions()
    sessions.process(told)
    used = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    return used / chargers


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--signals", type=int, default=500_000)
    parser.add_argument("--chargers", type=int, nargs="+", default=[100, 100_000])
    options = parser.parse_args()
    first = None
    for chargers in options.chargers:
        seen = measured(chargers, options.signals)
        first = first or seen
        print(
            f"{seen.chargers:>7,} chargers: {seen.rate:,.0f} signals/s "
            f"(decode {seen.signals / seen.decode_s:,.0f}, process "
            f"{seen.signals / seen.process_s:,.0f}, encode {seen.signals / seen.encode_s:,.0f}), "
            f"{first.rate / seen.rate:.2f}× slower than {first.chargers:,}, "
            f"{seen.bytes_each:,.0f} bytes of state each",
            flush=True,
        )


if __name__ == "__main__":
    main()
