"""A rule as if it had run for the last days: what it would have raised, before it is switched on.

The same code as ``energyguard backtest --history``, some devices at a time, bounded, and said to be
so: people wait for the answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Final, NamedTuple

from energyguard.errors import Conflict, NotFound, Rejected
from energyguard.model.days import HOUR_MS, ms_of
from energyguard.offline.backtest import LEARN_MS, backtest
from energyguard.offline.contenders import OfRule
from energyguard.offline.of_history import devices_of, files_of
from energyguard.offline.reading_files import ReadingFiles
from energyguard.rules.registry import site_of
from energyguard.rules.rule import Rule
from energyguard.rules.sums import summed_device
from energyguard.service.contract import Service

DAYS: Final = 90
DAY_MS: Final = 24 * HOUR_MS
LIMIT_S: Final = 20.0
"""People wait no longer; what was not looked at by then is said."""
MAX_READINGS: Final = 200_000
"""So many are looked at together; of a device that has more, the newest."""
_ONE_AT_A_TIME = Lock()

Progress = Callable[[int, int], bool]
"""Is told how many devices are done, of how many; says whether to go on."""


@dataclass(frozen=True, slots=True)
class TrialAlert:
    """An alert that there would have been."""

    device: str
    raised_ms: int
    ended_ms: int


@dataclass(frozen=True, slots=True)
class RuleTrial:
    """What a rule would have raised."""

    rule: str
    start_ms: int  # what was asked for
    end_ms: int
    since_ms: int | None  # the first reading that was looked at; null: there is none
    learn_days: float  # of each device before that; they count for nobody
    devices: int  # that were looked at
    of_devices: int  # that the rule is about
    device_weeks: float
    alerts: tuple[TrialAlert, ...]  # in order of time


def try_rule(
    service: Service,
    rule: Rule,
    device: str = "",
    days: int = DAYS,
    limit_s: float = LIMIT_S,
    progress: Progress = lambda done, of: True,
) -> RuleTrial:
    """Try a rule on what the history has of the last days.

    Args:
        service: has the history, and knows where devices stand.
        rule: any rule; the site's calendar is put in.
        device: only this one; empty: all that it is about.
        days: so many, up to the newest reading that the history has.
        limit_s: no more devices are begun after so many seconds.
        progress: is told before each part.

    Raises:
        Conflict: another one is tried just now.
        Unavailable: the history is not there now.
    """
    if not _ONE_AT_A_TIME.acquire(blocking=False):
        raise Conflict("another rule is tried just now: ask again in half a minute")
    try:
        rule = rule.at_site(site_of(service.settings))
        return _tried(service, rule, device, days, (limit_s, progress))
    finally:
        _ONE_AT_A_TIME.release()


def _tried(
    service: Service, rule: Rule, device: str, days: int, bounds: tuple[float, Progress]
) -> RuleTrial:
    limit_s, progress = bounds
    until = service.clock.monotonic() + limit_s
    learn_ms = LEARN_MS if getattr(rule, "learns", False) else 0
    end_ms = (service.archived_ms(device) or 0) + 1
    start_ms = end_ms - days * DAY_MS
    parts = list(_parts(service, rule, device, start_ms - learn_ms, end_ms))
    of_devices = sum(len(part.devices) for part in parts)
    done, weeks = 0, 0.0
    firsts, alerts = list[int](), list[TrialAlert]()
    for part in parts:
        if service.clock.monotonic() > until or not progress(done, of_devices):
            break
        found = _of_part(service, rule, part, end_ms, learn_ms)
        done += len(part.devices)
        if found is not None:
            firsts.append(found.first_ms)
            weeks += found.weeks
            alerts += found.alerts
    return RuleTrial(
        rule=rule.id,
        start_ms=start_ms,
        end_ms=end_ms,
        since_ms=max(min(firsts) + learn_ms, start_ms) if firsts else None,
        learn_days=learn_ms / DAY_MS,
        devices=done,
        of_devices=of_devices,
        device_weeks=weeks,
        alerts=tuple(sorted(alerts, key=lambda alert: (alert.raised_ms, alert.device))),
    )


class _Together(NamedTuple):
    """Devices that are looked at together, from a time on."""

    devices: list[str]
    start_ms: int


def _parts(
    service: Service, rule: Rule, device: str, start_ms: int, end_ms: int
) -> Iterator[_Together]:
    """The devices in parts of not too many readings; those of a sum all together."""
    devices = [device] if device else devices_of(rule, service, service.catalogue)
    rates = _rates(service, getattr(rule, "channels", ()))
    expected = {name: rates.get(name, 0.0) * (end_ms - start_ms) for name in devices}
    if devices and summed_device(rule):
        parts = [devices]
    else:
        parts, total = [], float("inf")
        for name in devices:
            total += expected[name]
            if total > MAX_READINGS:
                parts.append([])
                total = expected[name]
            parts[-1].append(name)
    for part in parts:
        too_many = sum(expected[name] for name in part) / MAX_READINGS
        yield _Together(part, end_ms - round((end_ms - start_ms) / max(too_many, 1.0)))


def _rates(service: Service, channels: Sequence[str]) -> dict[str, float]:
    """How many readings of some channels (none: of any) each device has in a ms."""
    rates = dict[str, float]()
    for row in service.query("devices", device="").to_pylist():
        if row["first"] is not None and (not channels or row["channel"] in channels):
            lasts_ms = max(ms_of(row["last"]) - ms_of(row["first"]), HOUR_MS)
            rates[row["device"]] = rates.get(row["device"], 0.0) + row["readings"] / lasts_ms
    return rates


class _Found(NamedTuple):
    """What a part gave."""

    first_ms: int
    weeks: float
    alerts: list[TrialAlert]


def _of_part(
    service: Service, rule: Rule, part: _Together, end_ms: int, learn_ms: int
) -> _Found | None:
    """None: there is no reading."""
    contender = OfRule(rule).of_history(service.catalogue.entries)
    try:
        with files_of(service, part.devices, part.start_ms, end_ms) as paths:
            readings = ReadingFiles.of(paths, service.settings)
            found = backtest([contender], readings, (), service.settings, learn_ms)
    except (NotFound, Rejected):
        return None
    first_ms = min(first for first, _ in readings.spans.values())
    (tried,) = found.tried
    return _Found(first_ms, found.weeks, [TrialAlert(*alert) for alert in tried.alerts])
