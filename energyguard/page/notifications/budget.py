"""How many alerts people want: a slider, and the last twelve weeks as they would have been."""

from __future__ import annotations

from nicegui import ui

from energyguard.errors import EnergyGuardError
from energyguard.model.access import AccessRole
from energyguard.model.quantities import NANO, from_nano
from energyguard.page.elements.charts import BarSeries, BarStep, bars
from energyguard.page.elements.components import Tag, button, card
from energyguard.page.elements.plots import Data, Plot
from energyguard.page.frame.context import PageContext
from energyguard.page.rules.trial import TrialPart
from energyguard.page.words.faults import fault_words
from energyguard.page.words.formatting import count, moment, number
from energyguard.page.words.language import _, ngettext
from energyguard.rules.changed import changed_rule
from energyguard.rules.kinds.unusual import UnusualRule
from energyguard.rules.rule import Rule
from energyguard.service.alerts.budgets import (
    BUDGETS,
    WEEKS,
    RecordedWeeks,
    RuleBudget,
    recorded_weeks,
)

KEEP_S = 60.0


class BudgetCard:
    """The slider of one rule about unusual use, and what it would have meant.

    Args:
        context: the open page.
        rule: which rule.
    """

    def __init__(self, context: PageContext, rule: UnusualRule) -> None:
        self.context, self.service, self._id = context, context.cache.service, rule.id
        self._weeks: RecordedWeeks | None = None
        self._budgets = sorted({*BUDGETS, rule.alerts_a_week / NANO})
        self._wanted = rule.alerts_a_week / NANO
        with card(_("How many alerts do you want?"), "c12", rule.id, anchor=f"budget-{rule.id}"):
            self._about = Tag("p", "", "headline", role="status").mark(f"about-{rule.id}")
            at = self._budgets.index(self._wanted)
            slider = ui.slider(
                min=0, max=len(self._budgets) - 1, step=1, value=at, on_change=self._moved
            )
            slider.props(f'snap aria-label="{_("Alerts of a device and week")}"')
            slider.classes("budget").mark(f"budget-{rule.id}")
            with Tag("div", "", "budget-ends sub", aria_hidden="true"):
                Tag("span", _("only the surest"))
                Tag("span", _("also small things"))
            if context.may(AccessRole.ADMIN):
                with Tag("div", "", "acts"):
                    button(_("Set"), self._set, about=rule.id, mark=f"set-budget-{rule.id}")
            Tag("h3", _("What you would have got"), "sub-title")
            self._plot = Plot("bars", _("Alerts of each week"), 180)
            self._sums = Tag("p", "")
            self._note = Tag("p", "", "sub")
            self._trial = TrialPart(context, self._rule, f"budget-{rule.id}")

    async def look(self) -> None:
        """What was recorded, as it is now."""
        try:
            self._weeks = await self.context.cache.shared(
                ("recorded weeks", self._id), KEEP_S, lambda: recorded_weeks(self.service, self._id)
            )
        except EnergyGuardError as error:
            self._note.text = fault_words(error)
            return
        self._show()

    def _rule(self) -> Rule:
        """The rule with what the slider says."""
        rule, text = self.service.rules.get(self._id), from_nano(round(self._wanted * NANO))
        return changed_rule(rule, "", {"alerts_a_week": text})

    async def _moved(self, event: object) -> None:
        self._wanted = self._budgets[int(event.value)]  # type: ignore[attr-defined]
        self._trial.forget()
        self._show()

    async def _set(self) -> None:
        by, text = self.context.user, from_nano(round(self._wanted * NANO))
        done = _("{rule} raises about {n} alerts of a device and week").format(
            rule=self._id, n=number(self._wanted, 2)
        )
        await self.context.do(
            lambda: self.service.change_rule(self._id, by=by, alerts_a_week=text), done
        )

    def _show(self) -> None:
        if self._weeks is None:
            return
        found = self._weeks.budget(self._wanted)
        self._about.text = about_words(found)
        self._sums.text = sums_words(found)
        self._note.text = note_words(found)
        self._plot.show(budget_bars(found, self.context.zone))
        self._plot.say(self._sums.text)


def about_words(found: RuleBudget) -> str:
    """How many alerts a week the slider means."""
    words = ngettext(
        "about {n} a week, over {all} device", "about {n} a week, over {all} devices", found.devices
    )
    return words.format(n=number(found.wanted * found.devices, 1), all=count(found.devices))


def sums_words(found: RuleBudget) -> str:
    """How many there would have been, beside how many there were."""
    would = sum(week.would_be for week in found.weeks)
    were = sum(week.alerts for week in found.weeks)
    if not found.recorded:
        words = _("There were {n} in {weeks} weeks; with this number there would have been more.")
        return words.format(n=count(were), weeks=WEEKS)
    words = _("{n} in {weeks} weeks with this number; {all} were raised.")
    return words.format(n=count(would), weeks=WEEKS, all=count(were))


def note_words(found: RuleBudget) -> str:
    """Where the numbers come from, and what they leave out."""
    if not found.recorded:
        return _("What it would have raised besides was not recorded: try it on the past.")
    return _(
        "By how rare each alert was when it began, of those that were raised; of weeks in which "
        "the rule did not run there are none. Limits that you set and silent meters come besides."
    )


def budget_bars(found: RuleBudget, zone: str) -> Data:
    """A bar for each week; pale behind it what was raised."""
    steps = [
        BarStep(
            moment(week.start_ms, zone, "%-d %b"),
            _("week from {day}").format(day=moment(week.start_ms, zone, "%a %-d %b")),
        )
        for week in found.weeks
    ]
    would = [float(week.would_be) for week in found.weeks]
    were = BarSeries(_("raised"), [float(week.alerts) for week in found.weeks])
    return bars(steps, [BarSeries(_("with this number"), would)], _("alerts"), before=were)
