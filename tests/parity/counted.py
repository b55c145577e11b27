"""What the embedded worker writes of readings of one partition, where channels are described."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable
from datetime import datetime

import pyarrow as pa

from energyguard.codecs.text.csv import strings_of
from energyguard.ledger.channels import EnergyChannel
from energyguard.model.channels import CHANNELS
from energyguard.model.readings import batch_from
from energyguard.rules.rule import Rule
from energyguard.stream.engines.counting import JobCounting
from energyguard.stream.windows.episodes.output import WindowOutput, window_alerts
from energyguard.stream.windows.operator import WindowOperator

LONG_MS = 40 * 86_400_000
POINTS = JobCounting()


def ms_of(text: str) -> int:
    """The end of a window as a record has it, in ms."""
    return int(datetime.fromisoformat(f"{text}+00:00").timestamp() * 1000)


def worker_records(
    batches: Iterable[pa.RecordBatch], rule: Rule, counting: JobCounting = POINTS
) -> dict[str, bytes]:
    """The records of ``energy_alerts`` by id, when the input has ended.

    Args:
        batches: readings in log order.
        rule: the only one that runs.
        counting: what is said of their channel.
    """
    kind = CHANNELS[counting.channel].kind
    of_all = EnergyChannel(
        kind, *counting.energy, length_ms=counting.length_ms, stamp_is_end=counting.stamp_is_end
    )
    windows = WindowOperator(
        "replay.parity", [rule], follow_episodes=False,
        described_by=lambda device, _: counting.described.get(device, of_all),
    )  # fmt: skip
    out = io.BytesIO()

    def write(found: WindowOutput) -> None:
        for breaches in found.breaches:
            out.write(strings_of(window_alerts([(breaches, found.devices)]), "\n"))

    for batch in batches:
        write(windows.process(batch_from(batch)))
    write(windows.end())
    write(windows.advance(windows.clock.newest + LONG_MS, end=True))
    records = {}
    for line in out.getvalue().splitlines():
        row = json.loads(line)
        records[f"{rule.id}/{row['household_id']}/{ms_of(row['window_end'])}"] = line
    return records
