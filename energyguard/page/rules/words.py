"""What rules, their kinds and their fields are called, for people; and what to write there."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from energyguard.catalogue.sums import is_sum
from energyguard.model.selector import LABEL, Selector
from energyguard.page.frame.places import place_of
from energyguard.page.words.formatting import number
from energyguard.page.words.language import _, ngettext
from energyguard.page.words.names import site_name
from energyguard.rules.devices import SelectedRule
from energyguard.rules.fields import FieldShape, RuleField
from energyguard.rules.rule import Rule
from energyguard.rules.rule_history import ChangedRule
from energyguard.service.alerts.alerts_got import AlertsGot
from energyguard.service.catalogue.contract import SiteCatalogue

KINDS: Final = {
    "threshold": _("What is used in a window, or its mean, is above or below a limit"),
    "state": _("The newest value is above or below a limit"),
    "silence": _("A device has sent nothing for too long"),
    "rate": _("It rises or falls too fast"),
    "profile": _("It is far from what is usual at this time of the week"),
    "unusual": _("Use is unlike what is usual for the device"),
    "demand": _("The mean power of a quarter of an hour would pass its limit"),
    "agree": _("What a device sends contradicts itself"),
}
"""What each kind of rule looks for."""
FIELDS: Final = {
    "id": _("Name"),
    "selector": _("Devices"),
    "channels": _("What it looks at"),
    "raise_above": _("Raises above"),
    "raise_below": _("Raises below"),
    "clear_at": _("Ends at"),
    "window": _("In a window of"),
    "slide": _("Looks every"),
    "period": _("Mean of"),
    "dwell": _("For at least"),
    "longer_than": _("For longer than"),
    "rhythms": _("And so many of its usual steps"),
    "longest_gap": _("Longest gap between readings"),
    "basis": _("By which number of a window"),
    "per": _("Per"),
    "direction": _("Which way"),
    "alerts_a_week": _("Alerts of a device and week"),
    "ours": _("Alerts that were no news"),
    "sigmas": _("Deviations of a half-hour"),
    "at_once": _("Deviations of a single reading"),
    "lasting": _("Deviations of three half-hours on end"),
    "needs": _("Half-hours that must be known"),
    "zone": _("Time zone"),
    "holidays": _("Holidays"),
    "check": _("What has to agree"),
    "tolerance": _("Share that may differ"),
    "allowed": _("Amount that may differ"),
    "lowest_factor": _("Lowest power factor"),
    "phases": _("Phases"),
    "span": _("Over spans of"),
    "readings": _("Readings without a change"),
    "still": _("Without a change for"),
    "settle": _("Over when all has agreed for"),
    "severity": _("How bad it is"),
    "about": _("What it is for"),
    "mode": _("Mode in records of energy_alerts"),
}
"""The fields of the kinds; others are called as they are written."""
OPTIONS: Final = {
    "info": _("for information"),
    "warning": _("warning"),
    "critical": _("critical"),
    "estimate": _("as counted"),
    "low": _("what is certain, at least"),
    "high": _("what is possible, at most"),
    "up": _("up"),
    "down": _("down"),
    "either": _("up or down"),
    "power": _("power, voltage and current"),
    "counter": _("counter and power"),
    "still": _("no value stands still alone"),
}
"""What there is to choose."""
_HINTS: Final = {
    FieldShape.AMOUNT: _("a number in the unit of what it looks at"),
    FieldShape.DURATION: _("such as 15 minutes"),
    FieldShape.COUNT: _("a whole number"),
    FieldShape.DAYS: _("such as 12-25, 2026-04-06, IT"),
}
_SHARES: Final = ("tolerance", "lowest_factor")


def kind_words(kind: str) -> str:
    """What a kind of rule looks for."""
    return _(KINDS[kind]) if kind in KINDS else kind


def field_words(name: str) -> str:
    """What a field is called."""
    return _(FIELDS[name]) if name in FIELDS else name.replace("_", " ")


def option_words(option: str) -> str:
    """What a choice is called."""
    return _(OPTIONS[option]) if option in OPTIONS else option


def hint_of(name: str, field: RuleField) -> str:
    """What to write into a field; empty: that is plain."""
    if name == "id":
        return _("empty: it gets one")
    if name in _SHARES:
        return _("a share, such as 0.1")
    return _(_HINTS[field.shape]) if field.shape in _HINTS else ""


def devices_words(rule: Rule, catalogue: SiteCatalogue) -> str:
    """Which devices a rule is about, by the names that people gave."""
    if not isinstance(rule, SelectedRule) or not isinstance(rule.selector, str):
        return _("all devices")
    return selector_words(rule.selector, catalogue)


def selector_words(selector: str, catalogue: SiteCatalogue) -> str:
    """The devices of a selector, by the names that people gave; empty: all."""
    parts = []
    for field, pattern in Selector.parse(selector).terms:
        entries = catalogue.entries
        name = pattern
        if field == "site" and pattern in entries.sites:
            name = site_name(catalogue, pattern)
        elif field == "group" and pattern in entries.groups:
            name = entries.groups[pattern].name or pattern
        elif field == "id" and is_sum(pattern, entries):
            parts.append(_("all of {name} together").format(name=entries.name(pattern)))
            continue
        elif field == "id":
            name = place_of(catalogue, pattern).name
        parts.append(f"{_term_words(field)} {name}")
    return " · ".join(parts)


def _term_words(field: str) -> str:
    words = {"id": _("device"), "site": _("site"), "group": _("group"), "kind": _("kind")}
    return words.get(field) or field.removeprefix(LABEL)


def got_words(got: AlertsGot) -> str:
    """How many alerts of a rule there were in the last weeks."""
    n = got.alerts
    words = ngettext("{n} alert in 4 weeks", "{n} alerts in 4 weeks", n).format(n=n)
    if not n or got.a_device_week is None:
        return words
    rate = number(got.a_device_week)
    return _("{alerts}, {rate} of a device and week").format(alerts=words, rate=rate)


def change_words(change: ChangedRule) -> str:
    """What was changed of a rule, its fields by their names."""
    words = re.sub(
        r"(^|, )([a-z_]+) (?=\S.* → )",
        lambda found: f"{found[1]}{field_words(found[2])} ",
        change.what,
    )
    plain = {"started": _("started"), "stopped": _("stopped"), "nothing": _("nothing")}
    return plain.get(words, words)


def some_of(names: Iterable[str], limit: int = 6) -> str:
    """The first names, and how many more there are."""
    found = list(names)
    rest = len(found) - limit
    shown = ", ".join(found[:limit])
    if rest <= 0:
        return shown
    return shown + " " + ngettext("and {n} more", "and {n} more", rest).format(n=rest)
