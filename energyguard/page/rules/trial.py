"""*If this had run for the last 90 days*: a rule tried on the past, when somebody asks for it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta

from nicegui import ui

from energyguard.errors import EnergyGuardError
from energyguard.model.days import day_ms, local
from energyguard.page.elements.charts import BarSeries, BarStep, bars
from energyguard.page.elements.components import Tag, button, name_of_row
from energyguard.page.elements.plots import Data, Plot
from energyguard.page.frame.context import PageContext
from energyguard.page.words.faults import fault_words
from energyguard.page.words.formatting import count, listed, moment
from energyguard.page.words.language import _, ngettext
from energyguard.rules.rule import Rule
from energyguard.service.alerts.trials import DAYS, RuleTrial, try_rule

LOOK_S = 0.3
NAMED_DAYS = 8
"""Of more days only the picture tells."""


class TrialPart:
    """A button, and below it what the rule would have raised: how often, when.

    Args:
        context: the open page.
        rule: the rule as the fields have it now; None: they make no sense.
        about: whose it is, for those who cannot see where the button stands.
        device: only of this device; empty: of all that it is about.
    """

    def __init__(
        self, context: PageContext, rule: Callable[[], Rule | None], about: str, device: str = ""
    ) -> None:
        self.context, self._rule, self._device, self._about = context, rule, device, about
        self._is_running = self._is_stopped = False
        self._done = (0, 0)  # devices, of so many
        with Tag("div", "", "trial"):
            self._button = button("", self._press, "link", about, f"try-{about}")
            self._says = Tag("p", "", role="status")
            self._plot = Plot("bars", _("Alerts of each day"), 110)
            self._how = Tag("p", "", "sub")
        self.forget()

    def forget(self) -> None:
        """The fields are others now: what was found is not of them."""
        self._is_stopped = True
        self._says.text = self._how.text = ""
        self._plot.set_visibility(False)
        self._call(_("If this had run for the last {n} days").format(n=DAYS))

    def _call(self, words: str) -> None:
        """Name the button, for those who cannot see where it stands, too."""
        self._button.text = words
        name_of_row(self._button, self._about)

    async def _press(self) -> None:
        if self._is_running:
            self._is_stopped = True
            return
        self.forget()
        if (rule := self._rule()) is None:
            return
        page = ui.context.client
        self._is_running, self._is_stopped, self._done = True, False, (0, 0)
        self._call(_("Stop"))
        service = self.context.cache.service
        trying = asyncio.ensure_future(
            asyncio.to_thread(try_rule, service, rule, device=self._device, progress=self._progress)
        )
        try:
            while not trying.done():
                self._says.text = self._waits()
                await asyncio.wait({trying}, timeout=LOOK_S)
            found = trying.result()
        except EnergyGuardError as error:
            self.forget()
            with page:
                self._says.text = fault_words(error)
            return
        finally:
            self._is_running = False
        with page:
            self.forget()
            self._show(found)

    def _progress(self, done: int, of: int) -> bool:
        """Told in a thread."""
        self._done = done, of
        return not self._is_stopped

    def _waits(self) -> str:
        done, of = self._done
        if of < 2:
            return _("Looking at the past …")
        words = _("Looking at the past: {n} of {all} devices …")
        return words.format(n=count(done), all=count(of))

    def _show(self, found: RuleTrial) -> None:
        zone = self.context.zone
        days = Counter(local(alert.raised_ms, zone).date() for alert in found.alerts)
        self._says.text = trial_words(found, days, zone)
        self._how.text = how_words(found, zone)
        self._plot.set_visibility(bool(days))
        if days:
            self._plot.show(trial_bars(found, days, zone))
            self._plot.say(self._says.text)


def trial_words(found: RuleTrial, days: Counter[date], zone: str) -> str:
    """How many alerts there would have been, and on which days."""
    if found.since_ms is None:
        return _("The history has no readings of this time to try it on.")
    n = len(found.alerts)
    if not n:
        return _("It would have raised nothing.")
    alerts = ngettext("{n} alert", "{n} alerts", n).format(n=count(n))
    on = ngettext("on {n} day", "on {n} days", len(days)).format(n=count(len(days)))
    if len(days) <= NAMED_DAYS:
        named = [moment(day_ms(day, zone)[0], zone, "%a %-d %b") for day in sorted(days)]
        on = f"{on} ({listed(named)})"
    devices = len({alert.device for alert in found.alerts})
    of = ngettext("of {n} device", "of {n} devices", devices).format(n=count(devices))
    words = _("It would have raised {alerts} {days}, {devices}.")
    return words.format(alerts=alerts, days=on, devices=of)


def how_words(found: RuleTrial, zone: str) -> str:
    """What is to be known of how it was tried: less time, fewer devices, days of learning."""
    parts = []
    if found.since_ms is not None:
        first, last = (local(ms, zone).date() for ms in (found.since_ms, found.end_ms - 1))
        days = (last - first).days + 1
        if days < DAYS:
            words = _("It was tried on what there is since {day}: {n} of {all} days.")
            since = moment(found.since_ms, zone, "%a %-d %b %Y")
            parts.append(words.format(day=since, n=days, all=DAYS))
    if found.learn_days:
        words = _("From the first {n} days of a device it learns: they do not count.")
        parts.append(words.format(n=round(found.learn_days)))
    if found.devices < found.of_devices:
        words = _("{n} of {all} devices were looked at; all would take too long.")
        parts.append(words.format(n=count(found.devices), all=count(found.of_devices)))
    return " ".join(parts)


def trial_bars(found: RuleTrial, alerts: Counter[date], zone: str) -> Data:
    """A bar for each day; none before the first that was looked at."""
    first, last = (local(ms, zone).date() for ms in (found.start_ms, found.end_ms - 1))
    since = local(found.since_ms or found.start_ms, zone).date()
    days = [first + timedelta(n) for n in range((last - first).days + 1)]
    begins = [day_ms(day, zone)[0] for day in days]
    steps = [BarStep(moment(ms, zone, "%-d %b"), moment(ms, zone, "%a %-d %b")) for ms in begins]
    values = [float(alerts[day]) if day >= since else None for day in days]
    return bars(steps, [BarSeries(_("alerts"), values)], _("alerts"))
