"""What an alert says, in the reader's language: built anew from its fields and its rule.

The worker writes a sentence in English beside them (``AlertEvent.about``); it is what is shown
where the rule is no more, and where a rule is of a kind that is not known here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from energyguard.alerts.alert import Alert
from energyguard.model.channels import CHANNELS
from energyguard.model.quantities import NANO
from energyguard.model.topics import EDGE_LINKS
from energyguard.page.words.formatting import SPACE, amount, number
from energyguard.page.words.language import _
from energyguard.page.words.lengths import duration, half_hour, length
from energyguard.page.words.readings import level_words
from energyguard.page.words.rules import by_words
from energyguard.rules.kinds.agree import AgreeRule
from energyguard.rules.kinds.demand import DemandRule, Pace
from energyguard.rules.kinds.profile import ProfileRule
from energyguard.rules.kinds.rate import Direction, RateRule
from energyguard.rules.kinds.silence import SilenceRule
from energyguard.rules.kinds.state import StateRule
from energyguard.rules.kinds.threshold import ThresholdRule
from energyguard.rules.kinds.unusual import UnusualRule
from energyguard.rules.rule import CHANGED, LEFT, RETIRED, STOPPED, Rule
from energyguard.rules.unusual.evidence import UnusualEvidence
from energyguard.rules.windowed import RESTATED

MS_NANO = NANO // 1000
"""A millisecond in 1e-9 of a second."""
SET_CLOCK = "timedatectl set-ntp true"


def alert_sentence(alert: Alert, name: str, rule: Rule | None) -> str:
    """What happened.

    Args:
        alert: of what.
        name: what its device is called.
        rule: what raised it, as it is now; None: it is no more.
    """
    if not alert.measured:
        return (_("{name} is silent") if alert.open else _("{name} was silent")).format(name=name)
    if alert.topic == EDGE_LINKS.name:
        return _of_edge(alert, name)
    words = _KINDS.get(type(rule), _as_written)(alert, name, rule)
    return words or renamed(alert.about, alert.device, name)


def renamed(text: str, device: str, name: str) -> str:
    """A sentence of the worker, with the device's name for its id."""
    return name + text.removeprefix(device) if text.startswith(device) else text


def why_ended(reason: str) -> str:
    """Why an alert is over, where no reading says so."""
    known = {
        STOPPED: _("the rule was stopped"),
        CHANGED: _("the rule was changed"),
        LEFT: _("it is none of the rule's devices any more"),
        RETIRED: _("the device is retired"),
        RESTATED: _("later readings show that it was not so"),
    }
    return known.get(reason, reason)


def _as_written(alert: Alert, name: str, _rule: Any) -> str:
    if alert.window_end_ms > alert.window_start_ms:
        return _of_sums(alert, name)
    return ""


def _of_window(alert: Alert, name: str, rule: ThresholdRule) -> str:
    if not rule.is_mean:
        return by_words(_of_sums(alert, name), rule.goes_by)
    words = _("{name} passed {limit} on the mean of {window}")
    if alert.is_below:
        words = _("{name} fell below {limit} on the mean of {window}")
    return words.format(name=name, limit=_limit(alert), window=_window(alert))


def _of_sums(alert: Alert, name: str) -> str:
    words = _("{name} passed {limit} in {window}")
    if alert.is_below:
        words = _("{name} fell below {limit} in {window}")
    return words.format(name=name, limit=_limit(alert), window=_window(alert))


def _of_change(alert: Alert, name: str, rule: RateRule) -> str:
    words = {
        Direction.UP: _("{name} rose faster than {limit}"),
        Direction.DOWN: _("{name} fell faster than {limit}"),
        Direction.EITHER: _("{name} changed faster than {limit}"),
    }[rule.direction]
    return by_words(words.format(name=name, limit=_limit(alert)), rule.goes_by)


def _of_value(alert: Alert, name: str, rule: StateRule) -> str:
    words = _("{name} rose above {limit}")
    if alert.is_below:
        words = _("{name} fell below {limit}")
    if rule.longer_than_ms and alert.is_below:
        words = _("{name} was below {limit} for longer than {span}")
    elif rule.longer_than_ms:
        words = _("{name} was above {limit} for longer than {span}")
    return words.format(name=name, limit=_limit(alert), span=duration(rule.longer_than_ms))


def _of_usual(alert: Alert, name: str, rule: ProfileRule) -> str:
    known = alert.evidence
    if "usual" not in known:
        words = (
            _("{name} went below the usual") if alert.is_below else _("{name} went above the usual")
        )
        return words.format(name=name)
    words = _("{name} went above the usual: {usual} on {half_hour}")
    if known.get("zscore", 0) < 0:
        words = _("{name} went below the usual: {usual} on {half_hour}")
    usual = f"{number(known['usual'] / NANO)}{SPACE}{rule.unit}"
    slot = known.get("half_hour", 0) // NANO
    return words.format(name=name, usual=usual, half_hour=half_hour(slot))


def _of_unlike(alert: Alert, name: str, rule: UnusualRule) -> str:
    known = UnusualEvidence.of(alert.observed, alert.evidence)
    if known is None:
        return _("{name}: use is unlike what is usual for it").format(name=name)
    found = known.alert
    words = _("{name}: {what}, {observed} where {low} to {high} is usual")
    observed, high = (amount(round(n * NANO), rule.unit) for n in (found.value, found.usual_high))
    return words.format(
        name=name,
        what=unusual_words(found.kind),
        observed=observed,
        low=amount(round(found.usual_low * NANO), "").strip(),
        high=high,
    )


def unusual_words(kind: str) -> str:
    """What sort of unusual use it is, in the middle of a sentence."""
    known = {
        "surge": _("very high use"),
        "stuck_on": _("something stays on"),
        "leak": _("the base load is raised"),
        "night": _("unusual use at night"),
        "dropout": _("much less use than usual"),
        "frozen": _("the meter repeats a value"),
        "unlike": _("unlike anything of this device"),
    }
    return known.get(kind, kind)


def _of_demand(alert: Alert, name: str, rule: DemandRule) -> str:
    pace = Pace.of(alert.observed, alert.expected, alert.evidence, rule.period_ms)
    limit, forecast = _limit(alert), amount(alert.observed, alert.unit)
    if not alert.open:
        words = _("{name} was on the way to {forecast} in {period}, limit {limit}")
        forecast = amount(alert.peak, alert.unit)
        return words.format(
            name=name, forecast=forecast, period=duration(rule.period_ms), limit=limit
        )
    if pace is None or pace.left_ms <= 0:
        words = _("{name}: {forecast} in {period}, limit {limit}")
        return words.format(
            name=name, forecast=forecast, period=duration(rule.period_ms), limit=limit
        )
    words = _("{name}: at this pace {forecast}, limit {limit}: shed {shed} in {left}")
    if pace.is_lost:
        words = _(
            "{name}: at this pace {forecast}, limit {limit}: passed in {left}, whatever is "
            "switched off"
        )
    shed = f"{number(pace.shed_kw)}{SPACE}{alert.unit}"
    return words.format(
        name=name, forecast=forecast, limit=limit, shed=shed, left=length(pace.left_ms)
    )


def _of_check(alert: Alert, name: str, rule: AgreeRule) -> str:
    if rule.check == "still":
        known = alert.evidence
        channel = max(rule.channels, key=lambda channel: known.get(f"{channel} still", 0))
        words = _("{name}: {channel} stands still at {value}, while other values move")
        unit = CHANNELS[channel].unit if channel in CHANNELS else ""
        value = f"{number(known.get(channel, 0) / NANO)}{SPACE}{unit}"
        return words.format(name=name, channel=level_words(channel), value=value)
    if rule.check == "power":
        return _("{name}: power does not fit voltage and current").format(name=name)
    if alert.peak < 0:
        return _("{name}: the counter fell").format(name=name)
    return _("{name}: the counter does not fit the power").format(name=name)


def _of_silence(alert: Alert, name: str, _rule: SilenceRule) -> str:
    if not alert.expected:
        return (_("{name} is silent") if alert.open else _("{name} was silent")).format(name=name)
    span = duration(alert.expected // MS_NANO)
    return _("{name} has sent nothing for {span}").format(name=name, span=span)


def _of_edge(alert: Alert, name: str) -> str:
    """An edge that is silent, or whose clock is off; both are amounts of seconds."""
    if alert.rule == "edge-silent":
        words = _(
            "Edge {name} has not been heard for {span}: look after its power and its network; "
            "what it measures waits on its disk"
        )
        return words.format(name=name, span=duration(alert.expected // MS_NANO))
    words = _(
        "The clock of edge {name} is off by {span}: set it there ({command}); its readings have "
        "its times"
    )
    return words.format(name=name, span=length(alert.peak // MS_NANO), command=SET_CLOCK)


def _limit(alert: Alert) -> str:
    return amount(alert.expected, alert.unit)


def _window(alert: Alert) -> str:
    return duration(alert.window_end_ms - alert.window_start_ms)


_KINDS: Mapping[type, Callable[[Alert, str, Any], str]] = {
    ThresholdRule: _of_window,
    RateRule: _of_change,
    StateRule: _of_value,
    ProfileRule: _of_usual,
    UnusualRule: _of_unlike,
    DemandRule: _of_demand,
    AgreeRule: _of_check,
    SilenceRule: _of_silence,
}
"""What builds the sentence of each kind of rule."""
