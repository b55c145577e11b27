"""Fixed inputs through the roles that read them: what then lies in the log, whole."""

from __future__ import annotations

import json
import re
import shutil
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.golden import inputs, product, store
from tests.golden.logfile import Message, Stored, Watch, make_topic, put, records

RULES: Final = Path(__file__).parent / "rules.toml"
HOUSEHOLD: Final = ("rules.use=household-demo,household-prod",)
AT_ONCE: Final = 100
"""Messages of one append."""

Setting = tuple[str, ...]
Step = Callable[[Path], None]
CHARGING: Final = ("charger-station-signals", "charger-station-signals.north")


@dataclass(frozen=True)
class Scenario:
    """Inputs, step by step; the role that reads each step's to its end; what it is told.

    All of a step fits into one read, so that its outputs are in one order.
    """

    steps: Sequence[Step]
    reads: Sequence[str]
    settings: Setting = HOUSEHOLD
    role: str = "worker"


def appended(folder: Path, topic: str, messages: Sequence[Message]) -> None:
    for start in range(0, len(messages), AT_ONCE):
        part = messages[start : start + AT_ONCE]
        put(folder / "log.db", topic, part, product.NOW_MS - 60_000)


def _clean(folder: Path) -> None:
    rows = inputs.clean()
    middle = len(rows) // 2
    messages = [*inputs.csv(rows[:middle]), *inputs.json(rows[middle:])]
    appended(folder, "energy_readings", messages)


def _disturbed(folder: Path) -> None:
    messages = inputs.csv(inputs.disturbed())
    appended(folder, "energy_readings", [*messages[:300], *inputs.bad(), *messages[300:]])


def _keyless(folder: Path) -> None:
    appended(folder, "energy_readings", inputs.keyless(inputs.clean()))


def _things(folder: Path) -> None:
    appended(folder, "energyguard.readings", inputs.floors())
    appended(folder, "topic-test", inputs.degrees())


def _files(folder: Path) -> None:
    """Files over the border: into a topic of their own, and as a backfill of what meters send."""
    rows = inputs.clean()
    header = b"timestamp,household_id,energy_kwh\n"
    body = header + b"".join((one.value or b"") + b"\n" for one in inputs.csv(rows))
    file = folder.parent / f"{folder.name}.csv"
    file.write_bytes(body + b"2025-09-07T10:00:00Z,H001,much\nnot a row\n")
    for words in (("--keep-time", "--alerts", "--name", "golden"), ("--backfill",)):
        told = ("replay", *words, str(file), "--data-dir", str(folder), "--json")
        said = product.command(*told, cwd=folder.parent)
        assert said.code == 0, said.err


def _meters(folder: Path) -> None:
    """Bodies over HTTP, in the shapes that meters send."""
    with closing(Watch(folder / "log.db")) as log, product.served(folder) as client:
        answers = [
            {"body": name, "status": answer.status_code, "answer": answer.json()}
            for name, (kind, body) in bodies().items()
            for answer in [
                client.post("/api/v1/readings", content=body, headers={"content-type": kind})
            ]
        ]
        product.wait_until_quiet(log)
    path = folder.parent / f"{folder.name}.answers"
    path.write_text("".join(f"{json.dumps(one)}\n" for one in answers))


def bodies() -> Mapping[str, tuple[str, bytes]]:
    """What meters send: content type and body, by name."""
    shift_s = product.NOW_MS // 1000 - 300 - inputs.START_S - 2_400
    rows = [
        (second + shift_s, home, micro)
        for second, home, micro in inputs.clean()
        if second < inputs.END_S and home in inputs.HOMES
    ]
    halves = [one.value or b"" for one in inputs.csv(rows[: len(rows) // 2])]
    rest = [one.value or b"" for one in inputs.json(rows[len(rows) // 2 :])]
    header = b"timestamp,household_id,energy_kwh"
    old = [(one[0] - 3 * 86_400, *one[1:]) for one in rows[:8]]
    future = inputs.iso(product.NOW_MS // 1000 + 3_600)
    wrong = b"2025-09-07T11:00:00Z,H001,much\n2025-09-07T11:00:00Z,H001,-101\n"
    array = b"[" + b",".join(rest[-40:]) + b"]"
    return {
        "csv": ("text/csv", b"\n".join([header, *halves]) + b"\n"),
        "lines": ("application/x-ndjson", b"\n".join(rest[:-40]) + b"\n"),
        "array": ("application/json", array),
        "array again": ("application/json", array),
        "with bad rows": ("text/csv", header + b"\n" + halves[0] + b"\n" + wrong),
        "all bad": ("text/csv", header + b"\n" + wrong),
        "old": ("text/csv", b"\n".join([header, *(m.value or b"" for m in inputs.csv(old))])),
        "ahead": ("text/csv", header + f"\n{future},H001,0.01\n".encode()),
        "nothing": ("text/csv", b""),
        "no shape": ("text/plain", b"hello"),
    }


def _charging(folder: Path) -> None:
    lines = store.kept("inputs/signals.jsonl")
    messages = inputs.signals(lines)
    appended(folder, CHARGING[0], messages)
    make_topic(folder / "log.db", CHARGING[1], 100)
    appended(folder, CHARGING[1], messages[: len(messages) // 2])


SCENARIOS: Final[Mapping[str, Scenario]] = {
    "border": Scenario((_files, _meters), ("replay.golden", "meter_readings")),
    "clean": Scenario((_clean,), ("energy_readings",)),
    "disturbed": Scenario((_disturbed,), ("energy_readings",)),
    "keyless": Scenario(
        (_keyless,), ("energy_readings", "energyguard.repartitioned.energy_readings")
    ),
    "building-and-thermometer": Scenario(
        (_things,),
        ("energyguard.readings", "topic-test", "energyguard.repartitioned.topic-test"),
        (f"rules.files={RULES}", "rules.use=floor-power,floor-energy,too-warm"),
    ),
    "charging": Scenario((_charging,), CHARGING, (), "sessions"),
}


def outputs(name: str, folder: Path, empty: Path) -> bytes:
    """Play a scenario in a copy of an empty data folder; all records of all topics, a line each."""
    scenario = SCENARIOS[name]
    shutil.copytree(empty, folder)
    for step in scenario.steps:
        step(folder)
        product.play(scenario.role, folder, scenario.reads, *scenario.settings)
    answers = folder.parent / f"{folder.name}.answers"
    lines = answers.read_text().splitlines() if answers.exists() else []
    return store.text_of([*lines, *map(store.record_line, settled(records(folder / "log.db")))])


COMPACTED: Final = (product.PROGRESS, "energyguard.state")
"""Of these the newest record of each key counts; two stages write them, in an order of chance."""


SINCE: Final = (b"edge_readings", b"power_topic")
"""Topics that there were not yet: what stages say of their partitions is left out."""


_DECIDED = re.compile(rb'"decided":(\d+)')


def before(found: Sequence[Stored]) -> list[Stored]:
    """The records that are about topics of then, counted without the others."""
    left_out: Counter[tuple[str, int]] = Counter()
    kept, decided = [], {}
    for one in found:
        place = one.topic, one.partition
        offset = one.offset - left_out[place]
        if one.topic == "energyguard.time":
            decided[one.offset] = offset
        if any(name in (one.key or b"") for name in SINCE):
            left_out[place] += 1
        else:
            kept.append(one._replace(offset=offset))

    def renumbered(match: re.Match[bytes]) -> bytes:
        return b'"decided":%d' % decided[int(match[1])]

    return [
        one._replace(value=_DECIDED.sub(renumbered, one.value))
        if one.value and (one.key or b"").endswith(b"/manifest")
        else one
        for one in kept
    ]


def settled(found: Sequence[Stored]) -> list[Stored]:
    """The records; of topics of which only the newest of a key counts, those, without offsets."""
    found = before(found)
    newest = {
        (one.topic, one.key or b""): one._replace(offset=0)
        for one in found
        if one.topic in COMPACTED
    }
    others = [one for one in found if one.topic not in COMPACTED]
    return [*others, *(newest[place] for place in sorted(newest))]
