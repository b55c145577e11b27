"""What a rule would do, before it runs: which devices it is about, and what it would say."""

from __future__ import annotations

import asyncio
from typing import Final, NamedTuple

from energyguard.alerts.alert import Alert
from energyguard.catalogue.sums import is_sum, sum_weights
from energyguard.model.alerts import State
from energyguard.page.elements.components import Tag
from energyguard.page.frame.context import PageContext
from energyguard.page.rules.trial import TrialPart
from energyguard.page.rules.words import some_of
from energyguard.page.words.formatting import count
from energyguard.page.words.language import _, ngettext
from energyguard.page.words.rules import rule_summary
from energyguard.page.words.sentences import alert_sentence
from energyguard.rules.devices import SelectedRule
from energyguard.rules.rule import Rule
from energyguard.rules.sums import summed_device
from energyguard.rules.windowed import WindowRule
from energyguard.service.contract import Service

PLAIN: Final = frozenset({"threshold", "rate", "state", "silence"})
"""The kinds whose sentences need nothing but an amount."""
_BEYOND: Final = 10
"""An example is beyond its limit by a part of so many of it."""


class MeantDevices(NamedTuple):
    """The devices that a rule is about."""

    names: tuple[str, ...]
    """What they are called, by name."""
    all_devices: int
    """How many there are."""
    mute: int
    """How many of the meant ones have sent nothing yet of what it looks at."""
    listed: int
    """How many more it would be about, if somebody saved what a domain only lists."""
    sum_name: str = ""
    """What their sum is called, where the rule is about that."""


def meant_devices(service: Service, rule: Rule) -> MeantDevices:
    """Which of all devices that are known a rule is about."""
    entries = service.catalogue.entries
    sent: dict[str, set[str]] = {}
    topics: dict[str, str] = {}
    for row in service.live.devices():
        sent.setdefault(row.device, set()).add(row.channel)
        topics[row.device] = row.topic
    entered = (d for d, device in list(entries.devices.items()) if device.retired_ms is None)
    known = dict.fromkeys([*sent, *entered])
    channels = set(getattr(rule, "channels", ()))
    meant, listed, sum_name = list(known), 0, ""
    if is_sum(name := summed_device(rule), entries):
        meant, sum_name = list(sum_weights(name, entries)), entries.name(name)
    elif isinstance(rule, SelectedRule):
        shown = [device for device in known if rule.selects(device, entries.facts)]
        meant = [
            device
            for device in known
            if rule.selects(
                device, lambda name: service.catalogue.rule_facts(name, topics.get(name, ""))
            )
        ]
        listed = len(set(shown) - set(meant))
    mute = sum(
        device not in sent or bool(channels and not channels & sent[device]) for device in meant
    )
    names = tuple(sorted(map(entries.name, meant)))
    return MeantDevices(names, len(known), mute, listed, sum_name)


def example_sentence(rule: Rule, device: str) -> str:
    """What an alert of a rule would say of a device; empty: it cannot be said without readings."""
    if rule.kind not in PLAIN:
        return ""
    side = -1 if getattr(rule, "is_below", False) else 1
    observed = rule.level + side * max(abs(rule.level) // _BEYOND, 1)
    window_ms = rule.window_ms if isinstance(rule, WindowRule) else 0
    example = Alert(
        id="", rule=rule.id, device=device, channel="", topic="", severity=rule.severity,
        state=State.FIRING, condition=State.FIRING, since_ms=0, changed_ms=0, window_start_ms=0,
        window_end_ms=window_ms, observed=observed, expected=rule.level, peak=observed,
        unit=rule.unit, about="", is_below=side < 0,
    )  # fmt: skip
    return alert_sentence(example, device, rule)


class Preview:
    """The lines below a form: drawn again whenever a value was entered."""

    def __init__(self, context: PageContext) -> None:
        self.service = context.cache.service
        self._rule: Rule | None = None
        with Tag("div", "", "preview", role="status"):
            self._devices = Tag("p")
            self._names = Tag("p", "", "sub")
            self._says = Tag("p", "", "sub")
        self._trial = TrialPart(context, lambda: self._rule, "rule")

    async def show(self, rule: Rule | None) -> None:
        """What a rule would do; None: it cannot be said yet."""
        if rule != self._rule:
            self._trial.forget()
        self._rule = rule
        if rule is None:
            self._devices.text = _("Fill in what is missing to see which devices it is about.")
            self._names.text = self._says.text = ""
            return
        found = await asyncio.to_thread(meant_devices, self.service, rule)
        n = len(found.names)
        words = ngettext("It is about {n} of {all} devices", "It is about {n} of {all} devices", n)
        if found.sum_name:
            words = ngettext(
                "It is about {n} device of {all}", "It is about {n} devices of {all} together", n
            )
        parts = [words.format(n=count(n), all=count(found.all_devices))]
        if found.mute:
            mute = ngettext(
                "{n} of them has not sent this yet", "{n} of them have not sent this yet",
                found.mute,
            )  # fmt: skip
            parts.append(mute.format(n=count(found.mute)))
        if found.listed:
            listed = ngettext(
                "{n} more is only listed: save it once, and the rule is about it, too",
                "{n} more are only listed: save them once, and the rule is about them, too",
                found.listed,
            )  # fmt: skip
            parts.append(listed.format(n=count(found.listed)))
        self._devices.text = "; ".join(parts) + "."
        self._names.text = some_of(found.names)
        self._says.text = self._says_of(rule, found)

    def _says_of(self, rule: Rule, found: MeantDevices) -> str:
        device = found.sum_name or (found.names[0] if found.names else _("A device"))
        if sentence := example_sentence(rule, device):
            return _("An alert would say: “{sentence}”").format(sentence=sentence)
        return rule_summary(rule)
