"""How unusual a use is of which an alert tells: what was seen, what is usual, what it costs more.

An alert has what was usual in the slot in which it opened. Around that slot the hours of the week
are those that the detector goes by now, in proportion: by the factor that makes them agree there.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from energyguard.alerts.alert import Alert
from energyguard.errors import Faulty, Malformed, NotFound, Unavailable
from energyguard.model.catalogue import DEVICE, key_of
from energyguard.model.days import HOUR_MS, local, ms_of
from energyguard.model.quantities import NANO
from energyguard.rules.profile.calendar import HALF_HOUR_MS
from energyguard.rules.unusual.evidence import UnusualEvidence
from energyguard.service.contract import Service

QUARTER_MS = HOUR_MS // 4
LONGEST_MS = 62 * 24 * HOUR_MS
"""Of an alert that lasts for longer only so much is added up."""


class UsualStep(NamedTuple):
    """What is usual from a time on, up to the next one; kW."""

    begin_ms: int
    expected: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class EvidenceNumber:
    """What speaks for an alert."""

    name: str
    number: float  # in the unit that the name says


@dataclass(frozen=True, slots=True)
class HowUnusual:
    """What an alert about unusual use is about; powers are means of a slot."""

    kind: str
    next_kind: str  # what it is most like besides
    since_ms: int
    opened_ms: int  # when the slot began in which it opened
    seen_kw: float
    expected_kw: float
    low_kw: float  # from here
    high_kw: float  # to here it is usual
    weeks: float  # an ordinary device has one such alert in so many
    reasons: tuple[EvidenceNumber, ...]  # the strongest first, at most three
    until_ms: int | None  # up to when more is counted; null: the history is not as far, or away
    more_kwh: float | None  # than usual, since then; below 0: less
    more_cost: float | None  # what that comes to; null: it is less, or has no price
    currency: str


def how_unusual(service: Service, alert: Alert) -> HowUnusual:
    """What is known of an alert.

    Raises:
        NotFound: it is not about unusual use.
    """
    known = UnusualEvidence.of(alert.observed, alert.evidence)
    if known is None:
        raise NotFound(f"alert {alert.id!r} is not about unusual use: nothing is usual for it")
    found, slot_ms = known.alert, known.slot_ms
    more = None
    with suppress(Unavailable):  # the alert speaks for itself
        more = _more(service, alert, known)
    return HowUnusual(
        kind=found.kind,
        next_kind=found.next_kind,
        since_ms=found.since * slot_ms,
        opened_ms=found.opened * slot_ms,
        seen_kw=found.value,
        expected_kw=found.expected,
        low_kw=found.usual_low,
        high_kw=found.usual_high,
        weeks=found.weeks,
        reasons=tuple(EvidenceNumber(*reason) for reason in found.reasons),
        until_ms=more.until_ms if more else None,
        more_kwh=more.kwh if more else None,
        more_cost=more.cost if more else None,
        currency=more.currency if more else "",
    )


def usual_around(
    service: Service, alert: Alert, known: UnusualEvidence, start_ms: int, end_ms: int
) -> list[UsualStep]:
    """What is usual around an alert, half-hour by half-hour; where nobody knows the week any more,
    what it was when the alert came, from its begin on.

    Args:
        service: knows the week.
        alert: which.
        known: what it says for itself.
        start_ms: from when.
        end_ms: until when.
    """
    found, slot_ms = known.alert, known.slot_ms
    opened = UsualStep(found.opened * slot_ms, found.expected, found.usual_low, found.usual_high)
    alone = opened._replace(begin_ms=found.since * slot_ms)
    try:
        profile = service.profiles.get(alert.device, alert.channel, alert.rule)
    except NotFound:
        return [alone]
    (_, then), *_ = profile.over(opened.begin_ms, opened.begin_ms + 1)
    factor = found.expected / then.usual if then.usual and found.expected > 0 else 1.0
    steps = [
        _there(begin, opened, slot_ms)
        or UsualStep(begin, factor * row.usual, factor * row.low, factor * row.high)
        for begin, row in profile.over(start_ms, end_ms)
        if row.usual is not None and row.low is not None and row.high is not None
    ]
    return steps or [alone]


def _there(begin_ms: int, opened: UsualStep, slot_ms: int) -> UsualStep | None:
    """What the alert says of a half-hour that its slot touches; None: it does not."""
    touches = opened.begin_ms - HALF_HOUR_MS < begin_ms < opened.begin_ms + slot_ms
    return opened._replace(begin_ms=begin_ms) if touches else None


class _More(NamedTuple):
    """How much more than usual was used."""

    until_ms: int
    kwh: float
    cost: float | None
    currency: str


def _more(service: Service, alert: Alert, known: UnusualEvidence) -> _More | None:
    slot_ms = known.slot_ms
    start_ms = known.alert.since * slot_ms
    archived_ms = service.archived_ms(alert.device, alert.channel) or 0
    end_ms = archived_ms + 1 if alert.open else min(alert.changed_ms, archived_ms + 1)
    end_ms = min(end_ms, start_ms + LONGEST_MS) // slot_ms * slot_ms
    if end_ms <= start_ms:
        return None
    seen = service.query(
        "series", device=alert.device, channel=alert.channel, start_ms=start_ms, end_ms=end_ms,
        step_ms=slot_ms,
    )  # fmt: skip
    if not seen.num_rows:
        return None
    times = np.array([ms_of(time) for time in seen["time"].to_pylist()], np.int64)
    usual = usual_around(service, alert, known, start_ms, end_ms)
    place = np.searchsorted([step.begin_ms for step in usual], times, "right") - 1
    expected = np.array([step.expected for step in usual])[np.maximum(place, 0)]
    more = np.asarray(seen["value"], float) - expected * slot_ms / HOUR_MS
    total = float(more.sum())
    cost, currency = _cost(service, alert, times, more) if total > 0 else (None, "")
    return _More(int(times[-1]) + slot_ms, total, cost, currency)


def _cost(
    service: Service, alert: Alert, times: npt.NDArray[np.int64], more: npt.NDArray[np.float64]
) -> tuple[float | None, str]:
    """What energies come to, each by what a kWh of the device cost then; None: some have no price.

    Of a price that goes by how much is used it is the mean of what was; where nothing was used it
    is the one before.
    """
    key = key_of(DEVICE, alert.device)
    try:
        zone = service.consumption.span("today", [key]).zone
        first, last = (local(int(times[n]), zone).date() for n in (0, -1))
        span = service.consumption.span(f"{first}..{last}", [key])
        costs = service.bills.step_costs([key], span, "quarter").get(key)
    except (Malformed, NotFound, Faulty):
        return None, ""
    if costs is None:
        return None, ""
    borders = np.array(span.borders("quarter"), np.int64)
    total, price, currency = 0.0, 0.0, ""
    places = np.searchsorted(borders, times, "right") - 1
    for place, kwh in zip(places.tolist(), more.tolist(), strict=True):
        cost = costs[place]
        if cost is None:
            return None, ""
        if cost.nano:
            price, currency = float(cost.amount) / (cost.nano / NANO), cost.currency
        total += price * kwh
    return (total, currency) if currency else (None, "")
