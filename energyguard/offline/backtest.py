"""Rules over readings of the past: which alerts there would have been, and what they would find.

A rule need not run, or be known anywhere: whoever wonders about a level sees what it would have
raised, beside another rule and beside what really happened.

labels.py       what happened: a file of events
reading_files.py  the readings
contenders.py   what is tried
caught.py       how alerts are held against events
backtest_page.py, backtest_chart.py   all of it as a page
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final, NamedTuple

import numpy as np

from energyguard.detection.alerts import AlertNotices, HotRuns, notices
from energyguard.model.days import HOUR_MS
from energyguard.offline.caught import Caught, Events, caught
from energyguard.offline.contenders import Contender, PastAlert
from energyguard.offline.labels import LabelledEvent
from energyguard.offline.reading_files import ReadingFiles
from energyguard.settings.tree import Settings

WEEK_MS: Final = 168 * HOUR_MS
LEARN_MS: Final = 2 * WEEK_MS
"""Of a device so much is not counted where a rule learns: it has nothing to say of it."""


class TriedRule(NamedTuple):
    """What one rule would have raised, and found."""

    contender: Contender
    alerts: Sequence[PastAlert]
    """By device and time; those of the time that counts."""
    reminders: int
    """What people would have got besides: one each 24 h while an alert goes on."""
    onsets: Caught
    """By alerts alone."""
    all_notices: Caught
    """By alerts and reminders."""


class Backtest(NamedTuple):
    """Rules, held against the same readings and events."""

    readings: ReadingFiles
    devices: Sequence[str]
    """Those that any of the rules is about, by name."""
    weeks: float
    """Device-weeks that count: from each device's first reading to its last, without learning."""
    learn_ms: int
    events: Sequence[LabelledEvent]
    """Those that count."""
    tried: Sequence[TriedRule]


def backtest(
    contenders: Sequence[Contender],
    readings: ReadingFiles,
    events: Sequence[LabelledEvent],
    settings: Settings,
    learn_ms: int | None = None,
) -> Backtest:
    """Try rules.

    Args:
        contenders: what is tried.
        readings: of all devices.
        events: what happened; none: only alerts are counted.
        settings: what is plausible, and how late readings may be.
        learn_ms: what of each device is not counted; None: two weeks where a rule learns.

    Raises:
        ConfigError: a rule looks at where devices stand, and no catalogue says it.
        Rejected: a rule has nothing to look at.
    """
    if learn_ms is None:
        learn_ms = LEARN_MS if any(contender.learns for contender in contenders) else 0
    newest = max(last for _, last in readings.spans.values())
    oldest = min(first for first, _ in readings.spans.values())
    devices = sorted(set[str]().union(*(tried.devices(readings) for tried in contenders)))
    spans = {device: readings.spans.get(device, (oldest, newest)) for device in devices}
    counted = [
        event
        for event in events
        if event.device in spans and event.start_ms >= spans[event.device][0] + learn_ms
    ]
    number = {device: n for n, device in enumerate(devices)}
    columns = _columns(counted, number)
    since = {device: first + learn_ms for device, (first, _) in spans.items()}
    tried = []
    for contender in contenders:
        raised = contender.alerts(readings, settings)
        alerts = sorted(a for a in raised if a.raised_ms >= since.get(a.device, newest + 1))
        every = _notices(alerts, number)
        held = [caught(part, columns, HOUR_MS) for part in (every.onsets, every)]
        tried.append(TriedRule(contender, alerts, len(every) - len(alerts), *held))
    weeks = sum(max(last - since[device], 0) for device, (_, last) in spans.items()) / WEEK_MS
    return Backtest(readings, devices, weeks, learn_ms, counted, tried)


def _columns(events: Sequence[LabelledEvent], number: Mapping[str, int]) -> Events:
    return Events(
        np.array([number[event.device] for event in events], np.int64),
        np.array([event.start_ms for event in events], np.int64),
        np.array([event.end_ms for event in events], np.int64),
        [event.kind for event in events],
    )


def _notices(alerts: Sequence[PastAlert], number: Mapping[str, int]) -> AlertNotices:
    """Alerts and their reminders, in ms."""
    columns = [(number[a.device], a.raised_ms, a.ended_ms) for a in alerts]
    device, first, last = np.array(columns, np.int64).reshape(-1, 3).T
    return notices(HotRuns(device, first, last), HOUR_MS)


Row = dict[str, str | int | float | datetime | None]


def figure_rows(found: Backtest) -> list[Row]:
    """For each rule a row of its alerts alone, and one with their reminders."""
    rows: list[Row] = []
    for of in found.tried:
        for counted, more, held in (
            ("alerts", 0, of.onsets),
            ("with reminders", of.reminders, of.all_notices),
        ):
            alerts = len(of.alerts) + more
            row: Row = {
                "rule": of.contender.name,
                "counted": counted,
                "alerts": alerts,
                "a_device_week": alerts / found.weeks if found.weeks else 0.0,
            }
            if found.events:
                row |= {
                    "caught": int(held.found.sum()),
                    "missed": int((~held.found).sum()),
                    "precision": held.precision,
                    "recall": held.recall,
                    "f1": held.f1,
                    "delay_min": _or_none(held.median_delay_min),
                }
            rows.append(row)
    return rows


def kind_rows(found: Backtest) -> list[Row]:
    """For each kind of event how many there were, and how many each rule caught, how soon."""
    rows: list[Row] = []
    for kind in sorted({event.kind for event in found.events}):
        row: Row = {"kind": kind, "events": sum(event.kind == kind for event in found.events)}
        for n, of in enumerate(found.tried):
            mine = of.all_notices.of_kind(kind)
            row[f"{_name(found, n)} caught"] = int(mine.found.sum())
            row[f"{_name(found, n)} delay_min"] = _or_none(mine.median_delay_min)
        rows.append(row)
    return rows


def event_rows(found: Backtest) -> list[Row]:
    """For each event how long after its start each rule raised an alert; None: it missed it."""
    rows: list[Row] = []
    for number, event in enumerate(found.events):
        row: Row = {
            "device": event.device,
            "start": datetime.fromtimestamp(event.start_ms / 1000, UTC),
            "end": datetime.fromtimestamp(event.end_ms / 1000, UTC),
            "kind": event.kind,
        }
        for n, of in enumerate(found.tried):
            row[f"{_name(found, n)} after_min"] = _or_none(of.all_notices.delay_min[number])
        rows.append(row)
    return rows


def _name(found: Backtest, number: int) -> str:
    """What a rule is called in a column: two of one id are told apart."""
    name = found.tried[number].contender.name
    others = [of.contender.name for of in found.tried]
    return name if others.count(name) == 1 else f"{name} {number + 1}"


def _or_none(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
