"""What is unusual in a table or in files of readings, from empty: no services, nothing kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from energyguard.catalogue import Catalogue
from energyguard.catalogue.energy import described_by
from energyguard.codecs import RefusedRow
from energyguard.codecs.files import read_blocks
from energyguard.detection.detector import DEFAULT_BUDGET, UnusualDetector, UnusualUse
from energyguard.detection.grid import SlotGrid, slots_of
from energyguard.detection.scores import Parameters
from energyguard.detection.slots import HOUR_MS, local_hours, slot_length_ms
from energyguard.detection.text import sentence
from energyguard.errors import ConfigError, Rejected
from energyguard.history.energy.energy_folds import newest_of
from energyguard.ledger.channels import EnergyChannel, channel_of
from energyguard.ledger.entries import Entries
from energyguard.ledger.ledger import Ledger
from energyguard.model.channels import CHANNELS, ENERGY_DEFAULTS, Kind
from energyguard.model.quantities import NANO
from energyguard.model.readings import SCHEMA, batch_of, times_of
from energyguard.model.selector import SiteClock
from energyguard.rules.local_times import RuleCalendars
from energyguard.rules.profile.calendar import Calendar
from energyguard.settings.tree import Settings

DescribedBy = Callable[[str, str], EnergyChannel]
"""What is said of a device's channel of energy."""


class _Known(NamedTuple):
    """What is known of devices."""

    described: DescribedBy
    calendar: Callable[[str], Calendar]
    """Whose hours a device is judged by."""


ALERTS: Final = pa.schema(
    [
        pa.field("device", pa.string()),
        pa.field("channel", pa.string()),
        pa.field("opened", pa.timestamp("ms", tz="UTC")),
        pa.field("since", pa.timestamp("ms", tz="UTC")),
        pa.field("until", pa.timestamp("ms", tz="UTC")),
        pa.field("kind", pa.string()),
        pa.field("weeks", pa.float64()),
        pa.field("power_kw", pa.float64()),
        pa.field("expected_kw", pa.float64()),
        pa.field("text", pa.string()),
    ]
)


def unusual(
    readings: Any,
    *,
    budget: float = DEFAULT_BUDGET,
    calendar: Calendar | None = None,
    parameters: Parameters | None = None,
    channel: str = "energy_kwh",
) -> pa.Table:
    """The alerts of readings, in order of time.

    Args:
        readings: a table of any library that speaks Arrow (pandas, Polars, PyArrow), with the
            columns ``device``, ``time`` and ``value`` in the channel's unit. Rows without one of
            them, or with a value that the channel cannot have, are left out.
        budget: how many alerts per device and week people want to see.
        calendar: the site's; None: UTC, without holidays.
        parameters: None: those that come with the program, by the slots of each device.
        channel: what the values are.

    Returns:
        a table of ``ALERTS``.

    Raises:
        ValueError: the budget is not above 0.
        ConfigError: there is no such channel.
        Rejected: the channel has no energy, or no device sends at least hourly.
    """
    if channel not in CHANNELS:
        raise ConfigError(f"channel {channel}: none of: {', '.join(CHANNELS)}")
    lowest, highest = CHANNELS[channel].lowest, CHANNELS[channel].highest
    table = pa.table(readings).select(["device", "time", "value"]).drop_null()
    value = np.asarray(table.column("value"), float)
    possible = (value >= lowest) & (value <= highest)
    table = table.filter(pa.array(possible))
    time = table.column("time").cast(SCHEMA.field("time").type, safe=False).cast(pa.int64())
    device = table.column("device").cast(pa.string()).combine_chunks()
    nano = np.rint(value[possible] * NANO).astype(np.int64)
    batch = batch_of(device, channel, time.combine_chunks(), nano)
    site = calendar or Calendar()
    known = _Known(described_by(Catalogue(), ENERGY_DEFAULTS), lambda device: site)
    return _unusual([batch], budget, known, parameters)


def unusual_in_files(
    paths: Sequence[Path | str],
    budget: float,
    clock: SiteClock,
    *,
    settings: Settings | None = None,
    catalogue: Catalogue | None = None,
    on_refused: Callable[[str, RefusedRow], None] | None = None,
) -> pa.Table:
    """The same of files of any dialect (``-``: standard input).

    Args:
        paths: the files.
        budget: how many alerts per device and week people want to see.
        clock: whose hours devices are judged by where no site says any.
        settings: what is plausible; None: the defaults.
        catalogue: what is said of devices' channels and sites.
        on_refused: is told of each row that could not be taken, and of which file it is.

    Raises:
        NotFound: a file is not there.
        Rejected: there is no reading of energy in them.
    """
    settings = settings or Settings()

    def batches() -> Iterator[pa.RecordBatch]:
        for path in paths:
            for _, decoded in read_blocks(path, limits=settings.wire):
                if on_refused is not None:
                    for row in decoded.refused:
                        on_refused(str(path), row)
                yield decoded.batch

    entries, calendars = catalogue or Catalogue(), RuleCalendars(SiteClock(), clock)
    known = _Known(
        described_by(entries, settings.ledger.defaults),
        lambda device: calendars.of(entries.facts(device).clock),
    )
    return _unusual(batches(), budget, known)


def _unusual(
    batches: Iterable[pa.RecordBatch], budget: float, known: _Known,
    parameters: Parameters | None = None,
) -> pa.Table:  # fmt: skip
    table = pa.Table.from_batches(list(batches), SCHEMA)
    rows: list[dict[str, Any]] = []
    watched = False
    for channel in pc.unique(table.column("channel")).to_pylist():
        if CHANNELS[channel].kind is Kind.STATE:
            continue
        part = table.filter(pc.equal(table.column("channel"), channel))
        for names, slot_ms, grid in grids_of(part, channel, known.described):
            watched = True
            trained = parameters or Parameters.shipped(slot_ms)
            detector = UnusualDetector(slot_ms, trained, len(names), budget)
            calendars = [known.calendar(name) for name in names]
            rows += _alerts(names, channel, slot_ms, grid, detector, calendars)
    if not watched:
        raise Rejected("no device sends energy or power at least hourly: nothing to watch")
    rows.sort(key=lambda row: (row["opened"], row["device"]))
    return pa.Table.from_pylist(rows, ALERTS)


def grids_of(
    part: pa.Table, channel: str, described: DescribedBy
) -> Iterator[tuple[list[str], int, SlotGrid]]:
    """Devices of one slot length, and their slots."""
    names = sorted(pc.unique(part.column("device")).to_pylist())
    key = np.asarray(pc.index_in(part.column("device"), pa.array(names)), np.int64)
    time, value = times_of(part), np.asarray(part.column("value"), np.int64)
    order = np.lexsort((time, key))
    ledger = Ledger(
        CHANNELS[channel].kind, lambda key: channel_of(names[key], described(names[key], channel))
    )
    ledger.grow(len(names))
    folded = ledger.fold(key[order], time[order], value[order])
    entries = newest_of(Entries.joined([folded, ledger.end()]))
    cadence = ledger.cadence_ms()
    lengths = np.array([_length(step) for step in cadence.tolist()])
    for slot_ms in sorted(set(lengths.tolist()) - {0}):
        mine = np.flatnonzero(lengths == slot_ms)
        new = np.full(len(names), -1)
        new[mine] = np.arange(len(mine))
        chosen = entries.where(new[entries.key] >= 0)
        yield (
            [names[n] for n in mine.tolist()],
            slot_ms,
            slots_of(replace(chosen, key=new[chosen.key]), cadence[mine], slot_ms),
        )


def _length(step_ms: int) -> int:
    """0: its step is not known, or longer than an hour."""
    try:
        return slot_length_ms(step_ms) if step_ms else 0
    except ValueError:
        return 0


def _alerts(
    names: list[str], channel: str, slot_ms: int, grid: SlotGrid, detector: UnusualDetector,
    calendars: Sequence[Calendar],
) -> list[dict[str, Any]]:  # fmt: skip
    known = ~np.isnan(grid.power_kw)
    begins = np.where(known.any(axis=1), known.argmax(axis=1), known.shape[1])
    numbers = grid.first + np.arange(known.shape[1])
    own = [*dict.fromkeys(calendars)]
    which = np.array([own.index(calendar) for calendar in calendars])
    halves = np.stack([calendar.moments(numbers * slot_ms).slot for calendar in own])
    opened = []
    for slot, column in enumerate(grid.power_kw.T):
        begun = np.flatnonzero(begins <= slot)  # what was before others came is no pause of theirs
        here = halves[which[begun], slot]
        half_hours = np.unique(here)
        for half_hour, at in zip(half_hours.tolist(), local_hours(half_hours), strict=True):
            mine = begun[here == half_hour]
            opened += detector.step(grid.first + slot, at, column[mine], mine)

    def named(alert: UnusualUse) -> Callable[[int], str]:
        calendar = calendars[alert.device]
        return lambda number: f"{calendar.local(number * slot_ms):%a %H:%M}"

    return [
        {
            "device": names[alert.device],
            "channel": channel,
            "opened": alert.opened * slot_ms,
            "since": alert.since * slot_ms,
            "until": (alert.last + 1) * slot_ms,
            "kind": alert.kind,
            "weeks": alert.weeks,
            "power_kw": alert.value,
            "expected_kw": alert.expected,
            "text": sentence(alert, slot_ms / HOUR_MS, "kW", named(alert)),
        }
        for alert in opened
    ]
