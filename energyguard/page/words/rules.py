"""What a rule does, in the reader's language: built of its fields, as they are now.

What a rule file says of its rule (``about``) is shown as it stands there; those that the product
brings are translated.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from energyguard.page.words.formatting import amount
from energyguard.page.words.language import _
from energyguard.page.words.lengths import duration
from energyguard.rules.kinds.agree import AgreeRule
from energyguard.rules.kinds.demand import DemandRule
from energyguard.rules.kinds.profile import ProfileRule
from energyguard.rules.kinds.rate import Direction, RateRule
from energyguard.rules.kinds.silence import SilenceRule
from energyguard.rules.kinds.state import StateRule
from energyguard.rules.kinds.threshold import ThresholdRule
from energyguard.rules.kinds.unusual import UnusualRule
from energyguard.rules.rule import Rule
from energyguard.rules.windowed import WindowBasis


def rule_summary(rule: Rule) -> str:
    """What a rule does; of a kind that is not known here in English."""
    found = _KINDS.get(type(rule))
    return found(rule) if found else rule.summary


def _of_windows(rule: ThresholdRule) -> str:
    words = {
        (False, False): _("Raises above {limit} in {window}"),
        (False, True): _("Raises above {limit} on the mean of {window}"),
        (True, False): _("Raises below {limit} in {window}"),
        (True, True): _("Raises below {limit} on the mean of {window}"),
    }[rule.is_below, rule.is_mean]
    what = words.format(limit=amount(rule.level, rule.unit), window=duration(rule.window_ms))
    return _with_end(by_words(what, rule.goes_by), rule, rule.slide_ms)


def by_words(what: str, basis: WindowBasis) -> str:
    """A sentence about a window, with which of its numbers that is about."""
    words = {
        WindowBasis.ESTIMATE: "{what}",
        WindowBasis.LOW: _("{what}, by what is certain at least"),
        WindowBasis.HIGH: _("{what}, by what is possible at most"),
    }[basis]
    return words.format(what=what)


def _of_change(rule: RateRule) -> str:
    words = {
        Direction.UP: _("Raises when it rises faster than {limit}, from {window} to the next"),
        Direction.DOWN: _("Raises when it falls faster than {limit}, from {window} to the next"),
        Direction.EITHER: _(
            "Raises when it changes faster than {limit}, from {window} to the next"
        ),
    }[rule.direction]
    what = words.format(limit=amount(rule.level, rule.unit), window=duration(rule.window_ms))
    return _with_end(by_words(what, rule.goes_by), rule, rule.slide_ms)


def _of_values(rule: StateRule) -> str:
    words = _("Raises below {limit}") if rule.is_below else _("Raises above {limit}")
    if rule.longer_than_ms:
        words = _("Raises above {limit} for longer than {span}")
        if rule.is_below:
            words = _("Raises below {limit} for longer than {span}")
    limit, span = amount(rule.level, rule.unit), duration(rule.longer_than_ms)
    return _with_end(words.format(limit=limit, span=span), rule)


def _of_silence(rule: SilenceRule) -> str:
    if not rule.longer_than_ms:
        words = _("Raises when a device has sent nothing for {n} of its usual steps.")
        return words.format(n=rule.rhythms)
    words = _("Raises when a device has sent nothing for {span}.")
    if rule.rhythms:
        words = _("Raises when a device has sent nothing for {span} and {n} of its usual steps.")
    return words.format(span=duration(rule.longer_than_ms), n=rule.rhythms)


def _of_usual(rule: ProfileRule) -> str:
    words = {
        Direction.UP: _("Raises when a half-hour is {n} deviations above what is usual then"),
        Direction.DOWN: _("Raises when a half-hour is {n} deviations below what is usual then"),
        Direction.EITHER: _("Raises when a half-hour is {n} deviations off what is usual then"),
    }[rule.direction]
    parts = [words.format(n=_plain(rule.sigmas))]
    if rule.at_once:
        parts.append(_("or a reading {n}").format(n=_plain(rule.at_once)))
    if rule.lasting:
        words = _("or three half-hours on end {n}")
        parts.append(words.format(n=_plain(rule.lasting)))
    parts.append(_("clears at {clear}").format(clear=_plain(rule.clear_at)))
    return f"{', '.join(parts)}."


def _of_demand(rule: DemandRule) -> str:
    words = _("Raises when the mean of the running {period} is forecast above {limit}")
    limit = amount(rule.level, rule.unit)
    return _with_end(words.format(limit=limit, period=duration(rule.period_ms)), rule)


def _of_unlike(rule: UnusualRule) -> str:
    words = _(
        "Raises when use is so unlike the device's own that an ordinary one has {n} such alerts a "
        "week; clears after six hours as usual."
    )
    return words.format(n=_plain(rule.alerts_a_week))


def _of_check(rule: AgreeRule) -> str:
    if rule.check == "still":
        words = _("Raises when a value stands still for {span} while others move.")
        return words.format(span=duration(rule.still_ms))
    words = _("Raises when the counter and the power are apart by more than {far} over {span}.")
    if rule.check == "power":
        words = _("Raises when power, voltage and current are apart by more than {far}.")
    far = f"{_plain(rule.tolerance * 100)}\u202f%"
    if rule.allowed:
        far = _("{far} and {amount}").format(far=far, amount=amount(rule.allowed, rule.unit))
    return words.format(far=far, span=duration(rule.span_ms))


def _plain(nano: int) -> str:
    """A number without a unit, with as many decimals as it has."""
    return amount(nano, "").strip()


def _with_end(what: str, rule: Rule, slide_ms: int = 0) -> str:
    """With the level that clears, where it is another, and how often the rule looks."""
    parts = [what]
    if rule.clear_level != rule.level:
        parts.append(_("clears at {clear}").format(clear=amount(rule.clear_level, rule.unit)))
    if slide_ms:
        parts.append(_("looks every {span}").format(span=duration(slide_ms)))
    return f"{', '.join(parts)}."


_KINDS: Mapping[type, Callable[[Any], str]] = {
    ThresholdRule: _of_windows,
    RateRule: _of_change,
    StateRule: _of_values,
    SilenceRule: _of_silence,
    ProfileRule: _of_usual,
    UnusualRule: _of_unlike,
    DemandRule: _of_demand,
    AgreeRule: _of_check,
}
"""What says what each kind of rule does."""
