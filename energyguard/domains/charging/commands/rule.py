"""The rule `charging` in a terminal: over files, and as a job on an engine."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from energyguard.cli.rules.evaluate import show_refused
from energyguard.cli.terminal.call import Call
from energyguard.cli.terminal.output import progress
from energyguard.errors import ConfigError

if TYPE_CHECKING:
    from energyguard.domains.charging.engines.flink import ChargingJob
    from energyguard.settings.tree import Settings


def evaluate(call: Call, paths: Sequence[Path], output: str | None) -> None:
    """Hold files of signals against the rule; ``output``: which of the four results."""
    from energyguard.domains.charging.offline import ResultTopic as Result
    from energyguard.domains.charging.offline import evaluate as hold
    from energyguard.domains.charging.sessions.stage import limits_of

    limits = limits_of(call.settings.charging)
    total = sum(path.stat().st_size for path in paths if path.is_file()) or None
    with ExitStack() as stack, progress("evaluate", "bytes") as report:
        lines = [
            (str(path), stack.enter_context(path.open("rb")) if str(path) != "-" else _stdin())
            for path in paths
        ]
        result = Result(output or "full-sessions")
        found = hold(lines, sys.stdout.buffer, result, limits, lambda done: report(done, total))
    sys.stdout.buffer.flush()
    stays = ", ".join(f"{count:,} {quality}" for quality, count in found.qualities.most_common(5))
    sys.stderr.write(
        f"{found.signals:,} signals, {found.written:,} rows written; stays: {stays or 'none'}\n"
    )
    for reason, count in found.ignored.most_common(5):
        sys.stderr.write(f"energyguard: {count:,} signals changed nothing: {reason}\n")
    show_refused(found.refused, bool(found.signals))


def _stdin() -> IO[bytes]:
    return sys.stdin.buffer


def job(settings: Settings, fields: dict[str, Any], given: dict[str, Any]) -> ChargingJob:
    """The rule ``charging`` as a job.

    Raises:
        ConfigError: options that are of windows only.
    """
    from energyguard.domains.charging.engines.flink import ChargingJob
    from energyguard.domains.charging.sessions.stage import limits_of

    if "readings" in given:
        given["signals"] = given.pop("readings")
    wrong = set(given) - set(ChargingJob.__struct_fields__) - set(USUAL)
    wrong |= {name for name, usual in USUAL.items() if given.pop(name, usual) != usual}
    if wrong:
        options = sorted(name.removesuffix("_ms") for name in wrong)
        raise ConfigError(*(f"--{option}: not for charging" for option in options))
    return ChargingJob(**(fields | {"limits": limits_of(settings.charging)} | given))


USUAL = {"shape": "csv", "duplicates": "drop"}
"""Options of windows that `charging` has no choice in; each with its default."""
