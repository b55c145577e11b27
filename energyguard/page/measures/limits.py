"""What a device's channel is held against: the limit of a rule that runs, and what is usual."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from energyguard.errors import NotFound
from energyguard.model.quantities import NANO
from energyguard.page.frame.page_cache import PageCache
from energyguard.page.measures.baseline import usual_band
from energyguard.page.measures.series_chart import SeriesChart
from energyguard.page.words.faults import fault_words
from energyguard.page.words.formatting import SPACE, amount, number
from energyguard.page.words.language import _
from energyguard.page.words.lengths import duration, half_hour
from energyguard.records.rules import RuleEdit
from energyguard.rules.devices import DeviceRule
from energyguard.rules.kinds.state import StateRule
from energyguard.rules.kinds.threshold import ThresholdRule
from energyguard.rules.kinds.unusual import UnusualRule
from energyguard.rules.unusual.answers import PeopleAnswer
from energyguard.rules.windowed import WindowRule
from energyguard.service.contract import Service
from energyguard.service.profiles import DeviceProfile, LearningRule

USUAL_KEEP_S = 60.0


@dataclass(frozen=True, slots=True)
class LimitRow:
    """A limit of a device as it can be changed; equal rows are not drawn again."""

    rule: str
    name: str  # what it limits
    unit: str
    runs: bool
    fields: Mapping[str, str]  # as people write them: the level, what clears it, how long
    of_all: Mapping[str, str]  # the same, of devices that are like all others
    is_own: bool
    answers: Sequence[PeopleAnswer]  # alerts of which people said that it was them
    edit: RuleEdit | None  # who gave it these, and when; None: as the rule's file has it

    @property
    def summary_of_all(self) -> str:
        """What holds for the others."""
        words = (f"{_(LABELS[name])} {text}" for name, text in self.of_all.items() if text)
        return ", ".join(words)


LABELS = {
    "raise_above": _("raises above"),
    "raise_below": _("raises below"),
    "alerts_a_week": _("alerts a week"),
    "sigmas": _("deviations of a half-hour"),
    "at_once": _("deviations of a reading"),
    "lasting": _("deviations for long"),
    "tolerance": _("share that may differ"),
    "allowed": _("amount that may differ"),
    "still": _("still for"),
    "clear_at": _("clears at"),
    "longer_than": _("for longer than"),
    "rhythms": _("usual steps"),
    "dwell": _("for at least"),
}
"""The fields of a limit, in words."""
DURATIONS = ("longer_than", "dwell", "still")
"""Those that are a time; the others are in the rule's unit."""
PLAIN = ("alerts_a_week", "sigmas", "at_once", "lasting", "tolerance", "rhythms")
"""Those that have no unit."""
_OF_CHECK = {"tolerance": "power counter", "allowed": "power counter", "still": "still"}


def limit_rows(service: Service, device: str, channels: Mapping[str, str]) -> list[LimitRow]:
    """Every limit of a device's channels that can be changed for it alone, running or not.

    Args:
        service: whose rules.
        device: the device.
        channels: what each of its channels is called.
    """
    running = {rule.id for rule in service.rules.active()}
    facts = service.catalogue.entries.facts
    found = []
    for rule in service.rules.all():
        if not isinstance(rule, DeviceRule) or not rule.selects(device, facts):
            continue
        held = getattr(rule, "channels", None)
        named = [words for channel, words in channels.items() if held is None or channel in held]
        if not named:
            continue
        what = _("Silence") if held is None else _what(", ".join(named), rule)
        is_own, edits = device in rule.overrides, service.rules.edits(rule.id)
        found.append(
            LimitRow(
                rule=rule.id,
                name=what,
                unit=rule.unit,
                runs=rule.id in running,
                fields=_written(rule.of(device)),
                of_all=_written(rule),
                is_own=is_own,
                answers=rule.answers(device) if isinstance(rule, UnusualRule) else (),
                edit=edits.get(device if is_own else ""),
            )
        )
    return found


def _what(channels: str, rule: DeviceRule) -> str:
    """What a rule limits: a channel, or what it has in a window."""
    if not isinstance(rule, WindowRule):
        return channels
    return _("{what} in {span}").format(what=channels, span=duration(rule.window_ms))


def _written(rule: DeviceRule) -> dict[str, str]:
    """What can be changed of a rule for a device alone, as people write it."""
    known, texts = rule.fields(), rule.written()
    return {
        name: texts.get(name, "")
        for name in LABELS
        if name in known
        and (not name.startswith("raise_") or name == rule.limit)
        and (name != "clear_at" or rule.kind != "profile")
        and getattr(rule, "check", "") in _OF_CHECK.get(name, getattr(rule, "check", ""))
    }


def faults_by_field(faults: Iterable[str], row: LimitRow, device: str) -> dict[str, str]:
    """What is wrong, in words, by the field that it is said at: the first that it names."""
    found: dict[str, list[str]] = {}
    for fault in faults:
        text = fault.removeprefix(f"{row.rule}: ").removeprefix(f"{device}: ")
        named = sorted((text.find(name), name) for name in row.fields if name in text)
        at = named[0][1] if named else next(iter(row.fields))
        text = text.removeprefix(f"{at}: ")
        words = fault_words(text)
        if words == text:  # not known there
            for name, label in LABELS.items():
                words = words.replace(name, f"“{_(label)}”")
        found.setdefault(at, []).append(words)
    return {name: "; ".join(texts) for name, texts in found.items()}


class DeviceLimit(NamedTuple):
    """A level across a chart."""

    rule: str
    level: float
    words: str
    is_below: bool


def limit_of(service: Service, device: str, channel: str) -> DeviceLimit | None:
    """The limit of a channel of a device, where a rule that runs has one; None: nothing has."""
    for rule in service.rules.active():
        if not isinstance(rule, StateRule | ThresholdRule) or channel not in rule.channels:
            continue
        if isinstance(rule, ThresholdRule) and not rule.is_mean:
            continue
        if not rule.selects(device, service.catalogue.entries.facts):
            continue
        own = rule.of(device)
        words = amount(own.level, own.unit)
        return DeviceLimit(rule.id, own.level / NANO, words, own.is_below)
    return None


class HeldAgainst(NamedTuple):
    """What a chart is held against, in words; empty: nothing."""

    usual: str
    limit: str

    @property
    def sentence(self) -> str:
        """Both, for under the chart."""
        pale = _("Pale: {usual}.").format(usual=self.usual) if self.usual else ""
        dashed = _("Dashed: {limit}.").format(limit=self.limit) if self.limit else ""
        return f"{pale} {dashed}".strip()


async def hold_against(
    cache: PageCache, chart: SeriesChart, newest_ms: int, rule: str = ""
) -> HeldAgainst:
    """Give a chart the limit and the usual band that hold now; those of energies by the step have
    neither. The band is the one of ``rule``, where that has one.
    """
    found = None if chart.energy else limit_of(cache.service, chart.device, chart.channel)
    chart.limit = (
        None if found is None else (found.level, _("limit {limit}").format(limit=found.words))
    )
    chart.below = found is not None and found.is_below
    profile = None if chart.energy else await profile_of(cache, chart.device, chart.channel, rule)
    chart.band = None if profile is None else usual_band(profile, *chart.borders(newest_ms))
    usual = "" if profile is None else usual_now(profile, newest_ms)
    if usual and profile and len(rules_that_learn(cache.service, chart.device, chart.channel)) > 1:
        usual += f" ({profile.rule})"
    return HeldAgainst(usual, chart.limit[1] if chart.limit else "")


def rules_that_learn(service: Service, device: str, channel: str) -> list[str]:
    """The rules that run and learn what is usual for a channel of a device."""
    facts = service.catalogue.entries.facts
    learning = [rule for rule in service.rules.active() if isinstance(rule, LearningRule)]
    about = [rule for rule in learning if channel in rule.channels]
    return [rule.id for rule in about if rule.selects(device, facts)]


async def profile_of(
    cache: PageCache, device: str, channel: str, rule: str = ""
) -> DeviceProfile | None:
    """What is usual for a channel of a device; None: nobody has learned it.

    By a rule, where that has learned it; else by the first that has.
    """
    for by in dict.fromkeys((rule, "")):
        with suppress(NotFound):
            return await cache.shared(
                ("profile", device, channel, by),
                USUAL_KEEP_S,
                partial(cache.service.profiles.get, device, channel, by),
            )
    return None


def usual_now(profile: DeviceProfile, at_ms: int) -> str:
    """What is usual at a time, in words; empty: too little is known of it."""
    ((_begin, row),) = profile.over(at_ms, at_ms + 1)
    if row.low is None or row.high is None or row.usual is None:
        return ""
    low = max(0.0, row.low) if row.usual >= 0 else row.low
    words = _("usual on {half_hour}: {range}")
    if profile.unit == "kWh":
        words = _("usual on {half_hour}: {range} in the half-hour")
    span = f"{number(low)}–{number(row.high)}{SPACE}{profile.unit}"
    return words.format(half_hour=half_hour(profile.half_hours.index(row)), range=span)
