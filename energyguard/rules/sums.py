"""Which rules are about the sum of several devices, and what has to be known for them.

A rule is about a sum where its selector is an id: that of a virtual device (``id=house``), or the
catalogue's key of a site or group (``id=site/lindenhof``). A pattern (``id=h*``), a site
(``site=lindenhof``) and a group are about each device by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from msgspec import UNSET

from energyguard.model.catalogue import SumPeriod
from energyguard.model.selector import Selector
from energyguard.rules.kinds.threshold import ThresholdRule
from energyguard.rules.rule import Rule
from energyguard.rules.term_rule import TermRule
from energyguard.rules.windowed import WindowBasis

PeriodsOf = Callable[[str], Sequence[SumPeriod]]
"""How often each device counts in a sum, from when on; of what is no sum: nothing."""
_WILD: Final = frozenset("*?[")
_OTHER: Final = {WindowBasis.LOW: WindowBasis.HIGH, WindowBasis.HIGH: WindowBasis.LOW}
"""What is added goes by what it holds at least where what is taken away goes by the most."""


def summed_device(rule: Rule) -> str:
    """The device that a rule names, if it is about sums of energy of just one; else nothing."""
    if not isinstance(rule, ThresholdRule) or rule.is_mean or rule.selector is UNSET:
        return ""
    terms = Selector.parse(rule.selector).terms
    if len(terms) != 1:
        return ""
    field, pattern = terms[0]
    return pattern if field == "id" and not _WILD & {*pattern} else ""


def term_rules(rules: Sequence[Rule], periods_of: PeriodsOf) -> Iterator[TermRule]:
    """What workers have to tell of the terms of sums that rules are about.

    Args:
        rules: those that run.
        periods_of: the terms of a sum.
    """
    for rule in rules:
        device = summed_device(rule)
        if not device or not isinstance(rule, ThresholdRule):
            continue
        periods = _of_one_sign(periods_of(device))
        every = {name: n for period in periods for name, n in period.weights.items()}
        for basis, terms in _by_basis(rule.goes_by, every).items():
            changes = [(p.from_ms, _among(terms, p.weights)) for p in periods]
            for channel in rule.channels if terms else ():
                yield TermRule(
                    id=f"{rule.id}/{device}/{channel}/{basis}",
                    rule=rule.id,
                    device=device,
                    meaning=f"{rule.meaning}/{rule.gap_ms}",
                    channels=(channel,),
                    window_ms=rule.window_ms,
                    slide_ms=rule.slide_ms,
                    terms=terms,
                    periods=tuple(changes) if len(changes) > 1 else (),
                    longest_gap_ms=rule.gap_ms,
                    basis=UNSET if basis is WindowBasis.ESTIMATE else basis,
                )


def _of_one_sign(periods: Sequence[SumPeriod]) -> Sequence[SumPeriod]:
    """Periods; the newest alone, where a device is taken away in one and added in another.

    Its windows are told by one number, which is the other bound of these.
    """
    signs = {(name, n < 0) for period in periods for name, n in period.weights.items()}
    return periods if len(signs) == len({name for name, _ in signs}) else periods[-1:]


def _among(terms: Mapping[str, int], weights: Mapping[str, int]) -> dict[str, int]:
    return {name: n for name, n in weights.items() if name in terms}


def _by_basis(
    basis: WindowBasis, weights: Mapping[str, int]
) -> Mapping[WindowBasis, dict[str, int]]:
    """Terms by which of their windows' numbers the sum goes."""
    added = {device: weight for device, weight in weights.items() if weight > 0}
    taken = {device: weight for device, weight in weights.items() if weight < 0}
    if basis is WindowBasis.ESTIMATE:
        return {basis: added | taken}
    return {basis: added, _OTHER[basis]: taken}
