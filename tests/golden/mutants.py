"""Planted mutants that must stay killed: faults in the product, each with the tests that see it.

    python -m tests.golden.mutants            all of them
    python -m tests.golden.mutants 3 17       some of them

A mutant is a text that stands once in the whole package, whatever file it is in, and what is put
in its place. So a module that moves takes its mutants along; where a name in a text changes, the
text here changes with it. Each is planted in a copy of the checkout, in which the tests then run.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final, NamedTuple

ROOT: Final = Path(__file__).parents[2]
PACKAGE: Final = "energyguard"
TIMEOUT_S: Final = 180.0  # of all their tests together
BESIDE: Final = ("benchmarks", "deploy", "docs", "examples", "pyproject.toml", "README.md")


class Mutant(NamedTuple):
    """A fault: the text that stands once in the package, what stands there then, who sees it."""

    text: str
    fault: str
    tests: tuple[str, ...]


ALERTS = ("tests/alerts/test_book.py",)
BALANCE = ("tests/log/test_balance.py",)
BILLS = ("tests/domains/charging/test_bills.py",)
CHANNELS = ("tests/stream/windows/test_channels.py",)
CLOCK = ("tests/stream/test_clock.py",)
CONFIG = ("tests/settings/test_layers.py",)
COVERING = ("tests/history/test_planner.py",)
DISTURBED = ("tests/golden/test_topics.py::test_topics_hold_the_same_bytes[disturbed]",)
MURMUR = ("tests/codecs/test_partitions.py",)
PEOPLE = ("tests/history/test_people.py",)
QUANTITIES = ("tests/model/test_quantities.py",)
ROWS = ("tests/sinks/test_rows.py",)
SESSIONS = ("tests/domains/charging/test_sessions.py",)
SIGNALS = ("tests/domains/charging/test_codec.py",)
SPREAD = ("tests/ledger/test_spread.py",)
SUMS = ("tests/history/energy/test_window_sums.py",)
UNSILENCED = ("tests/api/test_api.py::test_an_alert_from_list_to_unsilenced",)
VERDICTS = ("tests/codecs/test_verdicts.py",)
VERSION = ("tests/store/test_version.py",)
WINDOWS = ("tests/stream/windows/test_windows.py",)

MUTANTS: Final = (
    # Which partition a key goes to
    Mutant("h ^ (h >> 13)", "h ^ (h >> 12)", MURMUR),
    Mutant("length & ~3", "length & ~7", MURMUR),
    Mutant("_SEED = 0x9747B28C", "_SEED = 0x9747B28D", MURMUR),
    # Settings
    Mutant('for part in value.split(",")', 'for part in value.split(";")', CONFIG),
    # Chargers: stays, bills
    Mutant("round(Fraction(transaction.power", "int(Fraction(transaction.power", BILLS),
    Mutant("limits.before_s * 1000", "0", SESSIONS),
    Mutant("limits.after_s * 1000", "0", SESSIONS),
    Mutant("    h.occupied -= 1\n", "    h.occupied -= 2\n", SESSIONS),
    Mutant(
        "and session.has_price(signal.amount):",
        "and not session.has_price(signal.amount):",
        SESSIONS,
    ),
    Mutant(
        "if session.start_recharging is None:", "if session.start_recharging is False:", SESSIONS
    ),
    Mutant("signal.register - session.register", "session.register - signal.register", BILLS),
    Mutant("if _differ(session.register, signal.register):", "if False:", BILLS),
    Mutant("if session.power != signal.amount:", "if False:", BILLS),
    Mutant(
        "if last is not None and last.end == signal.second and",
        "if last is not None and not",
        BILLS,
    ),
    # The life of an alert
    Mutant("(silence.until_ms or 0) <= ", "(silence.until_ms or 0) > ", ALERTS),
    Mutant("else max)(entry.peak, event.peak)", "else max)(event.peak, event.peak)", ALERTS),
    Mutant("alert.changed_ms >= since_ms", "alert.changed_ms > since_ms + 1", ALERTS),
    Mutant("seen, silenced=None, unsilenced", "seen, unsilenced", UNSILENCED),
    Mutant("if len(self._closed) > self._closed_kept:", "if False:", ALERTS),
    # Versions of rows
    Mutant("if now > self.last.major else", "if now >= self.last.major else", VERSION),
    Mutant("self.last.minor + 1)", "self.last.minor)", VERSION),
    Mutant("if major > now + DRIFT_MS:", "if major > now + 2 * DRIFT_MS:", VERSION),
    Mutant("self.last = max(self.last, version)", "self.last = version", VERSION),
    # Who owns which partition
    Mutant("+ (rank < len(places) % len(readers))", "", BALANCE),
    Mutant("share = len(places) // len(readers)", "share = len(places)", BALANCE),
    # Rows of the store
    Mutant("* PLACES + place", "* PLACES", ROWS),
    Mutant("group.keys() >= _NEEDED", "group.keys() > _NEEDED", ROWS),
    Mutant('RESERVED = ("energyguard:", "energy:")', 'RESERVED = ("energyguard:",)', ROWS),
    Mutant("if PACKED_ANEW[0] not in headers]", "]", ROWS),
    # Windows by event time
    Mutant("return self.newest - self.limits.lateness_ms", "return self.newest", DISTURBED),
    Mutant("old = (rows.time <= prior) & ~late", "old = (rows.time < prior) & ~late", WINDOWS),
    Mutant("conflicting[places[known & ~same]]", "duplicate[places[known & ~same]]", WINDOWS),
    # Amounts
    Mutant("np.where(border > start, size, 0)", "np.where(border >= start, size, 0)", SPREAD),
    Mutant("np.where(energy < 0, -before, before)", "before", SPREAD),
    Mutant("per_ms[row] * held", "per_ms[row] * (held + 1)", CHANNELS),
    # The border
    Mutant("MAX_PRICE = 1_000_000\n", "MAX_PRICE = 10_000_000\n", SIGNALS),
    Mutant("EARLIEST_S = 946_684_800", "EARLIEST_S = 0", SIGNALS),
    Mutant("return (value < low) | (value > high),", "return (value < low),", VERDICTS),
    # History
    Mutant("-(-low // seconds) * seconds, high", "low // seconds * seconds, high", COVERING),
    Mutant("return min(max(second, 0), _LAST_S)", "return second", COVERING),
    Mutant("if first < end:", "if first <= end:", COVERING),
    Mutant("HASH_BYTES = 10", "HASH_BYTES = 11", PEOPLE),
    Mutant(
        "finest=60)\n    return covered or {READING_LEVELS[-1]: [(0, 0)]}",
        "finest=60)\n    return covered",
        SUMS,
    ),
    # Those that nobody saw for long
    Mutant('"min": 60_000,', '"min": 1_000,', QUANTITIES),
    Mutant(
        "ahead = batch.time > batch.appended_ms + self.limits.ahead_wall_ms",
        "ahead = batch.time > batch.appended_ms",
        CLOCK,
    ),
    Mutant("np.minimum(links.time, links.time_before + MAX_GAP_MS)", "links.time", CHANNELS),
    Mutant("mine[share:]", "mine[share + 1 :]", BALANCE),
)


def copied(folder: Path) -> Path:
    """The checkout's package and tests in a folder; what else tests read is linked."""
    for name in (PACKAGE, "tests"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in BESIDE:
        (folder / name).symlink_to(ROOT / name)
    return folder


def place_of(text: str, package: Path) -> Path:
    """The one file that holds a text, once.

    Raises:
        LookupError: none does, or it stands there several times.
    """
    counts = {path: path.read_text().count(text) for path in sorted(package.rglob("*.py"))}
    found = [path for path, count in counts.items() if count]
    if sum(counts.values()) != 1:
        raise LookupError(f"{text!r} stands {sum(counts.values())} times in {PACKAGE}: {found}")
    return found[0]


def is_killed(mutant: Mutant, folder: Path) -> bool:
    """Whether the tests fail with a mutant planted in a copied checkout; it is taken out after."""
    path = place_of(mutant.text, folder / PACKAGE)
    sound = path.read_text()
    path.write_text(sound.replace(mutant.text, mutant.fault))
    try:
        return ran(mutant.tests, folder) == 1  # tests failed: not an error of use, none found
    finally:
        path.write_text(sound)


def ran(tests: tuple[str, ...], folder: Path) -> int:
    """Run tests in a copied checkout; gives pytest's exit code."""
    words = [sys.executable, "-m", "pytest", "-x", "-q", "-m", "not slow", "-p", "no:cacheprovider"]
    environment = os.environ | {"PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [*words, *tests],
        cwd=folder,
        env=environment,
        capture_output=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    return done.returncode


def survivors(mutants: tuple[Mutant, ...] = MUTANTS) -> list[str]:
    """The mutants that no test sees; each told as it is found."""
    found = []
    with tempfile.TemporaryDirectory() as name:
        folder = copied(Path(name))
        every = dict.fromkeys(test for mutant in mutants for test in mutant.tests)
        if ran(tuple(every), folder):
            return ["without a mutant the tests do not pass in the copy"]
        for number, mutant in enumerate(mutants):
            try:
                what = "killed" if is_killed(mutant, folder) else "SURVIVED"
            except LookupError as error:
                what = str(error)
            sys.stderr.write(f"{number:3} {what}: {mutant.text.strip()}\n")
            if what != "killed":
                found.append(f"{mutant.text.strip()}: {what}")
    return found


if __name__ == "__main__":
    wanted = [int(word) for word in sys.argv[1:]] or range(len(MUTANTS))
    sys.exit(bool(survivors(tuple(MUTANTS[number] for number in wanted))))
