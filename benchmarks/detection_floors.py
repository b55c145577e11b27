"""What is found in an ordinary simulated building, and how often it is wrong.

    python -m benchmarks.detection_floors [--weeks 12] [--floors 20] [--seeds 21,22,23]
        [--tick-seconds 60]

Floors that send each minute go reading by reading through what judges values in the stream: the
rule ``unusual`` as it is by default, and physics as it ships (the kind ``agree`` and the grid's
lowest voltage). Printed are the alerts of a device-week without faults; of twelve kinds of faults
(``floor_faults.py``) how many are caught, and how soon: the delay by the slot that an alert is
about, and beside it in event time when the alert is appended. Gaps, resets, rollovers and wrong
clocks are caught if the ledger calls them by their kind, and nobody is alarmed.
"""

from __future__ import annotations

import argparse
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from benchmarks.building import SITE, TOPIC, default_rules
from benchmarks.floor_faults import DRAWN, LEARN_WEEKS, SEEDS, FaultyFloors
from energyguard.domains.building.faults import FloorFault, skew_ms
from energyguard.history.energy.energy_folds import newest_of
from energyguard.ledger.channels import plain_channel
from energyguard.ledger.entries import Entries, EntryKind
from energyguard.ledger.ledger import Ledger
from energyguard.model.alerts import State
from energyguard.model.channels import ENERGY_DEFAULTS, Kind
from energyguard.model.quantities import NANO
from energyguard.model.readings import batch_from, times_of
from energyguard.rules.registry import RuleBook
from energyguard.rules.rule import Rule
from energyguard.rules.toml import parse_rules
from energyguard.simulators.truth import FaultSpan
from energyguard.stream.windows.operator import WindowOperator

HOUR_MS: Final = 3_600_000
COUNTER: Final = "energy_register_kwh"
UNUSUAL: Final = "floor-unusual"
UNUSUAL_RULE: Final = f"""
[[rule]]
id = "{UNUSUAL}"
kind = "unusual"
channels = ["{COUNTER}"]
"""
PHYSICS: Final = ("power-agrees", "counter-agrees", "none-frozen", "floor-volt-low")
KINDS_OF_LEDGER: Final = {
    "gap": {EntryKind.GAP},
    "counter_reset": {EntryKind.RESET},
    "rollover": {EntryKind.ROLLOVER},
    "clock_skew": {EntryKind.GAP, EntryKind.DIP, EntryKind.GLITCH},
}
"""What the ledger should call them; of a clock the step, or the readings that lie upon others."""


class FloorAlert(NamedTuple):
    """An alert: whose, of which rule, when the slot began that it is about, when it was told."""

    device: str
    rule: str
    slot_ms: int
    told_ms: int


class Outcome(NamedTuple):
    """What became of a fault: delays in minutes, NaN where it was missed."""

    kind: str
    is_caught: bool
    by_slot_min: float
    at_append_min: float


def rules() -> list[Rule]:
    """``unusual`` by default, and physics as it ships."""
    book = RuleBook(parse_rules(UNUSUAL_RULE), [UNUSUAL], SITE)
    return [*book.running(), *(rule for rule in default_rules() if rule.id in PHYSICS)]


def alerts_of(batches: Iterable[pa.RecordBatch]) -> Iterator[FloorAlert]:
    """The alerts of readings, as they come."""
    operator, seen = WindowOperator(TOPIC, rules(), flow="detector"), set[str]()
    for batch in batches:
        for event in operator.process(batch_from(batch)).events:
            if event.state is State.FIRING and event.id not in seen:
                seen.add(event.id)
                opened = dict(event.evidence).get("opened")
                slot_ms = event.time_ms if opened is None else opened * HOUR_MS // NANO
                yield FloorAlert(event.device, event.rule, slot_ms, event.time_ms)


def entries_of(counters: Sequence[pa.RecordBatch]) -> dict[str, Entries]:
    """What the ledger makes of each device's counter, in order of time."""
    table = pa.Table.from_batches(counters)
    found = {}
    for device in pc.unique(table.column("device")).to_pylist():
        mine = table.filter(pc.equal(table.column("device"), device))
        time, value = times_of(mine), np.asarray(mine.column("value"), np.int64)
        order = np.argsort(time, kind="stable")
        ledger = Ledger(Kind.REGISTER, lambda _: plain_channel(Kind.REGISTER, ENERGY_DEFAULTS))
        ledger.grow(1)
        folded = ledger.fold(np.zeros(len(order), np.int64), time[order], value[order])
        found[device] = newest_of(Entries.joined([folded, ledger.end()]))
    return found


def outcome(
    fault: FaultSpan, alerts: Sequence[FloorAlert], entries: Entries, behind_ms: int = 0
) -> Outcome:
    """What became of a fault; ``behind_ms``: by how much its readings are stamped before it."""
    until_ms = fault.to_ms + HOUR_MS
    mine = [a for a in alerts if a.device == fault.device and fault.from_ms <= a.told_ms < until_ms]
    wanted = KINDS_OF_LEDGER.get(fault.kind)
    if wanted is not None:
        touches = (entries.stamp >= fault.from_ms - behind_ms) & (entries.start < until_ms)
        kinds = set(map(EntryKind, np.unique(entries.kind[touches]).tolist()))
        return Outcome(fault.kind, bool(kinds & wanted) and not mine, np.nan, np.nan)
    if not mine:
        return Outcome(fault.kind, False, np.nan, np.nan)
    first = min(mine, key=lambda alert: alert.told_ms)
    by_slot, at_append = (
        max(at - fault.from_ms, 0) / 60_000 for at in (first.slot_ms, first.told_ms)
    )
    return Outcome(fault.kind, True, by_slot, at_append)


def ordinary(floors: FaultyFloors) -> None:
    """Print how many alerts a building without faults has, after learning."""
    alerts = list(alerts_of(floors.readings()))
    weeks = floors.floors * (floors.weeks - LEARN_WEEKS)
    by_rule = ", ".join(
        f"{rule} {n}" for rule, n in sorted(Counter(a.rule for a in alerts).items())
    )
    print(
        f"ordinary, seed {floors.seed}: {len(alerts) / weeks:.3f} alerts a device-week ({by_rule})"
    )


def with_faults(floors: FaultyFloors) -> list[Outcome]:
    """Print how many alerts are of no fault; what became of each fault."""
    counters: list[pa.RecordBatch] = []

    def kept() -> Iterator[pa.RecordBatch]:
        for batch in floors.readings():
            counters.append(batch.filter(pc.equal(batch.column("channel"), COUNTER)))
            yield batch

    alerts, entries = list(alerts_of(kept())), entries_of(counters)
    faults = floors.spans_put()
    false = sum(
        not any(
            alert.device == f.device and f.from_ms <= alert.told_ms < f.to_ms + HOUR_MS
            for f in faults
        )
        for alert in alerts
    )
    weeks = floors.floors * (floors.weeks - LEARN_WEEKS)
    print(f"with faults, seed {floors.seed}: {false / weeks:.3f} alerts a device-week beside them")
    return [
        outcome(fault, alerts, entries[fault.device], behind_ms_of(put))
        for put, fault in zip(floors.put, faults, strict=True)
    ]


def behind_ms_of(fault: FloorFault) -> int:
    """How far before a fault the readings lie that were sent in it: those of a slow clock do."""
    return max(-skew_ms(fault), 0) if fault.kind == "clock_skew" else 0


def caught(outcomes: Sequence[Outcome]) -> None:
    """Print the table of kinds."""
    by_kind: dict[str, list[Outcome]] = defaultdict(list)
    for each in outcomes:
        by_kind[each.kind].append(each)
    print(f"{'kind':<14}{'faults':>7}{'caught':>8}{'by slot':>9}{'at append':>11}  median, min")
    for kind in DRAWN:
        mine = by_kind.get(kind, [])
        found = [each for each in mine if each.is_caught]
        delays = np.array([(each.by_slot_min, each.at_append_min) for each in found])
        text = "-".rjust(9) + "-".rjust(11)
        if found and kind not in KINDS_OF_LEDGER:
            text = "".join(
                f"{n:>{w}.0f}" for n, w in zip(np.median(delays, axis=0), (9, 11), strict=True)
            )
        share = f"{len(found) / len(mine):.0%}" if mine else "-"
        print(f"{kind:<14}{len(mine):>7}{share:>8}{text}")
    every = sum(each.is_caught for each in outcomes) / max(len(outcomes), 1)
    print(f"of {len(outcomes)} faults {every:.1%} are caught")


def main(weeks: int, floors: int, seeds: Sequence[int], tick_seconds: int) -> None:
    """Print all figures."""
    outcomes: list[Outcome] = []
    for seed in seeds:
        faulty = FaultyFloors(floors, tick_seconds, seed, zone=SITE.zone, weeks=weeks)
        ordinary(replace(faulty, has_faults=False))
        outcomes += with_faults(faulty)
    caught(outcomes)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weeks", type=int, default=12)
    parser.add_argument("--floors", type=int, default=20)
    parser.add_argument("--seeds", type=lambda text: [int(n) for n in text.split(",")],
                        default=list(SEEDS))  # fmt: skip
    parser.add_argument("--tick-seconds", type=int, default=60)
    given = parser.parse_args()
    main(given.weeks, given.floors, given.seeds, given.tick_seconds)
