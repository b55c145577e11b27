"""Where an energy is explained, and how sure it is, in one quiet line."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode

from energyguard.errors import Forbidden, NotFound
from energyguard.page.frame.page_cache import PageCache
from energyguard.page.words.formatting import SPACE, number, percent
from energyguard.page.words.language import _
from energyguard.service.consumption.consumption import ConsumptionSeries
from energyguard.service.explain.contract import BoundedEnergy

WIDE = 0.01
"""Bounds that are further apart than this part of the energy are told."""
WHOLE = 0.9995
"""From this share of a time on it counts as all of it; a smaller one is never shown as 100 %."""
BOUNDS_KEEP_S = 120.0


def explain_href(
    key: str, span: str = "", start_ms: int = 0, end_ms: int = 0, known: str = ""
) -> str:
    """The address at which an energy is explained: of a span, or from a time to another.

    Args:
        key: whose; empty: of everything.
        span: of the calendar.
        start_ms: ms since 1970 UTC, where it is no span.
        end_ms: before when.
        known: the day, ISO 8601, as at whose end it is known; empty: now.
    """
    when = {"span": span} if span else {"start": str(start_ms), "end": str(end_ms)}
    then = {"known": known} if known else {}
    return f"/explain?{urlencode({**({'of': key} if key else {}), **when, **then})}"


def step_hrefs(series: ConsumptionSeries) -> list[str]:
    """Where each step of a series is explained."""
    return [explain_href(series.key, "", step.start_ms, step.end_ms) for step in series.steps]


def bounds_words(energy: BoundedEnergy | None) -> str:
    """At least and at most, and how much of the time is covered; empty: there is no doubt.

    Args:
        energy: what was used; None: nobody has looked.
    """
    if energy is None or energy.kwh is None:
        return ""
    words = []
    low, high = energy.low, energy.high
    if low is not None and high is not None and high - low > WIDE * abs(energy.kwh):
        words.append(
            _("at least {low}, at most {high}").format(
                low=number(low, 4), high=f"{number(high, 4)}{SPACE}kWh"
            )
        )
    if energy.coverage is not None and energy.coverage < WHOLE:
        words.append(_("covers {share} of the time").format(share=part_percent(energy.coverage)))
    return " · ".join(words)


def part_percent(share: float) -> str:
    """The share of a time of which readings speak, where that is not ``WHOLE``."""
    return percent(min(share, 0.999))


async def bounds_line(cache: PageCache, series: ConsumptionSeries) -> str:
    """How sure the sum of a series is, in one line; empty: there is no doubt, or nobody knows.

    Args:
        cache: shared by all pages.
        series: with its span and up to when it counts.
    """
    start_ms, until_ms, key = series.span.start_ms, series.until_ms, series.key
    if series.total_kwh is None or until_ms <= start_ms:
        return ""

    def ask() -> Sequence[BoundedEnergy]:
        try:
            return cache.service.explanations.bounds(key, [start_ms, until_ms]) or ()
        except (NotFound, Forbidden):  # taken out meanwhile
            return ()

    found = await cache.shared(("bounds", key, series.span), BOUNDS_KEEP_S, ask)
    return bounds_words(found[0] if found else None)
