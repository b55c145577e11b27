"""Live many lives, and say what a failing one needs.

python -m tests.simulation.counting --seeds 1000
python -m tests.simulation.counting --first 125 --seeds 1
"""

from __future__ import annotations

import argparse
import sys
import time
import traceback
from collections.abc import Iterator

import structlog

from tests.simulation.counting.checks import faults
from tests.simulation.counting.life import EVERYTHING, TROUBLES, Cut, Life


def lived(seed: int, cut: Cut = EVERYTHING) -> list[str]:
    """What is wrong after the life of a seed."""
    with structlog.testing.capture_logs():  # lines of a log are half of the time
        try:
            life = Life(seed, cut)
            life.run()
            return faults(life)
        except Exception:
            return [traceback.format_exc()]


def shrunk(seed: int) -> tuple[Cut, list[str]]:
    """The smallest part of a life that fails, and what is wrong after it."""
    cut, found = EVERYTHING, lived(seed)
    is_smaller = True
    while is_smaller:
        is_smaller = False
        for smaller in _smaller(seed, cut):
            if wrong := lived(seed, smaller):
                cut, found, is_smaller = smaller, wrong, True
                break
    return cut, found


def _smaller(seed: int, cut: Cut) -> Iterator[Cut]:
    """Parts of a part of a life: the largest steps first."""
    sent = Life(seed, cut).sent
    for trouble in sorted(TROUBLES - cut.calm):
        yield cut._replace(calm=cut.calm | {trouble})
    meters = {reading.device for reading in sent}
    for meter in sorted(meters):
        if len(meters) > 1:
            yield cut._replace(meters=frozenset(meters - {meter}))
    for share in (2, 4, 8, 32):
        if (fewer := len(sent) - max(1, len(sent) // share)) < len(sent):
            yield cut._replace(readings=fewer)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=1000)
    parser.add_argument("--first", type=int, default=0)
    wanted = parser.parse_args()
    started, failed, readings = time.perf_counter(), 0, 0
    for seed in range(wanted.first, wanted.first + wanted.seeds):
        readings += len(Life(seed).sent)
        if (number := seed - wanted.first) and number % 50 == 0:
            sys.stderr.write(f"{number} seeds, {failed} failed\n")
        if lived(seed):
            failed += 1
            cut, found = shrunk(seed)
            sys.stdout.write(f"seed {seed}: Life({seed}, {cut}).run() replays it\n")
            sys.stdout.write("".join(f"    {line[:2000]}\n" for line in found[:5]))
            sys.stdout.flush()
    took_s = time.perf_counter() - started
    sys.stdout.write(
        f"{wanted.seeds} seeds, {readings} readings, {failed} failed, "
        f"{wanted.seeds / took_s:.2f} seeds/s\n"
    )
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
