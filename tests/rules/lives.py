"""A rule over readings, however they come: in one batch or many, and with a restart between any."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

from energyguard.catalogue.revisions import Described, PlacesFrom
from energyguard.model.quantities import to_nano
from energyguard.model.readings import batch_from, batch_of
from energyguard.model.selector import DeviceFacts
from energyguard.records.alerts import AlertEvent
from energyguard.rules.rule import Rule
from energyguard.rules.toml import read_rules
from energyguard.stream.time.trusted import ClockLimits
from energyguard.stream.windows.limits import WindowLimits
from energyguard.stream.windows.operator import WindowOperator
from energyguard.stream.windows.places import PlacesAt, nowhere
from tests.thorough import THOROUGH

START = 1_757_116_800_000  # 2025-09-06T00:00:00Z
TOPIC = "replay.kinds"
Row = tuple[str, str, int, float]
"""Device, channel, seconds after the start, value."""
LONG = 400
"""Readings of a life of which only `make test-all` tries every way, unless a test asks for it."""


def rule_of(folder: Path, text: str) -> Rule:
    """The rule of a file with one table."""
    path = folder / "rules.toml"
    path.write_text(f"[[rule]]\n{text}")
    (rule,) = read_rules(path)
    return rule


def operator_of(
    rules: Sequence[Rule], lateness_s: int = 0, places_at: PlacesAt = nowhere
) -> WindowOperator:
    clock = ClockLimits(lateness_ms=lateness_s * 1000, ahead_data_ms=10**12)
    limits = WindowLimits(clock, 300_000, 86_400_000)
    return WindowOperator(TOPIC, rules, limits, places_at=places_at)


def fed(operator: WindowOperator, rows: Sequence[Row], start_ms: int = START) -> list[AlertEvent]:
    device, channel, second, value = zip(*rows, strict=True)
    times = [start_ms + s * 1000 for s in second]
    batch = batch_from(batch_of(device, channel, times, [to_nano(v) for v in value]))
    return operator.process(batch).events


def events(
    rules: Sequence[Rule],
    rows: Sequence[Row],
    *,
    lateness_s: int = 0,
    until_s: int = 0,
    start_ms: int = START,
    said: Described | None = None,
    in_pieces: bool = False,
) -> list[AlertEvent]:
    """The events of a life, which every other way of living it must have, too.

    ``said``: of channels of energy, from the beginning on. ``in_pieces``: with restarts between,
    each time, too, however long it is.
    """
    lives = []
    places_at = nowhere if said is None else lambda *_: PlacesFrom(DeviceFacts, channels=said)
    sizes = [1, 2, 3, 17, 60, max(60, len(rows) // 8)]  # of pieces; weeks go by in long ones, too
    ways = (0, 3) if in_pieces or len(rows) <= LONG else (0,)
    for seed in (0, 1, 3) if THOROUGH else ways:  # whole; in pieces; with restarts, too
        rng = random.Random(seed)
        operator, found, at = operator_of(rules, lateness_s, places_at), [], 0
        if said is not None:
            operator.place(1)
        parts: dict[str, bytes | None] = {}
        while at < len(rows):
            size = len(rows) if seed == 0 else rng.choice(sizes)
            found += fed(operator, rows[at : at + size], start_ms)
            at += size
            if seed > 2 and rng.random() < 0.3:
                parts |= operator.snapshot()  # only those that changed
                operator = operator_of(rules, lateness_s, places_at)
                operator.restore({name: part for name, part in parts.items() if part})
        found += operator.advance(start_ms + until_s * 1000).events
        lives.append(found)
    assert all(life == lives[0] for life in lives)
    return lives[0]


def told(found: Sequence[AlertEvent], rule_id: str = "r") -> list[tuple[str, str, int]]:
    """Device, state, and seconds after the start, of the events of a rule."""
    return [
        (event.device, event.state.value, (event.time_ms - START) // 1000)
        for event in found
        if event.rule == rule_id
    ]
