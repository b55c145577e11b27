"""Which rules are about the sum of several devices, and what has to be known for them.

A rule is about a virtual device where its selector is that device's id: ``id=house``. A pattern
(``id=h*``) is about what sends readings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from msgspec import UNSET

from energyguard.model.selector import Selector
from energyguard.rules.kinds.threshold import ThresholdRule
from energyguard.rules.rule import Rule
from energyguard.rules.term_rule import TermRule
from energyguard.rules.windowed import WindowBasis

WeightsOf = Callable[[str], Mapping[str, int]]
"""How often each device counts in a virtual one; of any other device: nothing."""
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


def term_rules(rules: Sequence[Rule], weights_of: WeightsOf) -> Iterator[TermRule]:
    """What workers have to tell of the terms of virtual devices that rules are about.

    Args:
        rules: those that run.
        weights_of: the terms of a virtual device now.
    """
    for rule in rules:
        device = summed_device(rule)
        if not device or not isinstance(rule, ThresholdRule):
            continue
        for basis, terms in _by_basis(rule.goes_by, weights_of(device)).items():
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
                    longest_gap_ms=rule.gap_ms,
                    basis=UNSET if basis is WindowBasis.ESTIMATE else basis,
                )


def _by_basis(
    basis: WindowBasis, weights: Mapping[str, int]
) -> Mapping[WindowBasis, dict[str, int]]:
    """Terms by which of their windows' numbers the sum goes."""
    added = {device: weight for device, weight in weights.items() if weight > 0}
    taken = {device: weight for device, weight in weights.items() if weight < 0}
    if basis is WindowBasis.ESTIMATE:
        return {basis: added | taken}
    return {basis: added, _OTHER[basis]: taken}
