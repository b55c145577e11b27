"""The limits of one device: what holds, who said so, and a form to change each, or take it back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import partial

from nicegui import ui

from energyguard.errors import ConfigError, EnergyGuardError
from energyguard.page.elements.components import Tag, button, card, restyle, tell
from energyguard.page.elements.lists import ChangingList, SteadyRows
from energyguard.page.frame.context import PageContext
from energyguard.page.measures.limits import (
    DURATIONS,
    LABELS,
    PLAIN,
    LimitRow,
    faults_by_field,
    limit_rows,
)
from energyguard.page.rules.trial import TrialPart
from energyguard.page.words.faults import fault_words
from energyguard.page.words.formatting import SPACE, day_moment
from energyguard.page.words.language import _
from energyguard.page.words.sentences import unusual_words
from energyguard.rules.changed import changed_rule
from energyguard.rules.kinds.unusual import UnusualRule
from energyguard.rules.rule import Rule
from energyguard.rules.unusual.answers import PeopleAnswer
from energyguard.service.alerts.answers import take_back

_EXAMPLES = {"longer_than": _("at once")}


class LimitsCard:
    """Every limit of a device's channels, a row each.

    Args:
        context: the open page.
        device: whose.
        channels: what each of its channels is called.
        about: what the device is called.
    """

    def __init__(
        self, context: PageContext, device: str, channels: Mapping[str, str], about: str
    ) -> None:
        self.context, self.service = context, context.cache.service
        self.device, self.channels, self.about = device, channels, about
        note = _("a change works from the next reading on")
        with card(_("Limits of {about}").format(about=about), "c12", note, anchor="limits"):
            self.rows: SteadyRows[LimitRow, _LimitLine] = SteadyRows(
                lambda row: (row.rule, row.unit, *row.fields),
                self._draw,
                _("No rule holds this device to a limit."),
            )
            if context.may("admin"):
                address = context.href("/rules", device=device)
                Tag("a", _("A rule for this device …"), "link", href=address)

    def show(self) -> None:
        """Say what holds now; what somebody has typed stays."""
        self.rows.show(limit_rows(self.service, self.device, self.channels))

    def _draw(self, row: LimitRow) -> _LimitLine:
        return _LimitLine(self, row)

    def standing(self, row: LimitRow) -> str:
        """Whose limit it is, and who set it when."""
        by = ""
        if row.edit is not None:
            by = _(", set by {who} {when}").format(
                who=row.edit.by, when=day_moment(row.edit.at_ms, self.context.zone)
            )
        if row.is_own:
            default = f"{row.summary_of_all}{SPACE}{row.unit}"
            words = _("its own{by}; the default {default}").format(by=by, default=default)
            return f"{row.rule} · {words}"
        return f"{row.rule} · {_('the default')}{by}"

    def typed(self, form: _LimitForm) -> Rule | None:
        """The rule with what was typed for this device; None: it makes no sense, said there."""
        rule, changed = self.service.rules.get(form.row.rule), form.changed()
        try:
            found = changed_rule(rule, self.device, changed) if changed else rule
        except ConfigError as error:
            form.blame(faults_by_field(error.faults, form.row, self.device))
            return None
        form.blame({})
        return found

    async def not_us(self, row: LimitRow, answer: PeopleAnswer) -> None:
        """Take back that somebody said of an alert that it was them."""
        service, by = self.service, self.context.user
        rule = service.rules.get(row.rule)
        if isinstance(rule, UnusualRule) and await self.context.do(
            lambda: take_back(service, rule, self.device, answer, by),
            _("{about}: it was not you").format(about=self.about),
        ):
            self.show()

    async def set_it(self, form: _LimitForm) -> None:
        """Let what was typed hold for this device."""
        changed = form.changed()
        if not changed:
            tell(_("Nothing is different."))
            return
        rule, by = form.row.rule, self.context.user

        def change() -> None:
            self.service.change_rule(rule, by=by, device=self.device, **changed)

        words = ", ".join(f"{_(LABELS[name])} {text}" for name, text in changed.items())
        page, faults = ui.context.client, dict[str, str]()
        try:
            await asyncio.to_thread(change)
        except ConfigError as error:
            faults = faults_by_field(error.faults, form.row, self.device)
        except EnergyGuardError as error:
            with page:
                tell(fault_words(error), bad=True)
            return
        with page:
            form.blame(faults)
            if not faults:
                form.settle()
                self.show()
                tell(f"{self.about}: {rule} {words}")

    async def reset(self, form: _LimitForm) -> None:
        """Let the default hold for this device again."""
        row, by = form.row, self.context.user
        if await self.context.do(
            lambda: self.service.reset_rule(row.rule, by=by, device=self.device),
            _("{about}: {rule} has the default again").format(about=self.about, rule=row.rule),
        ):
            form.settle()
            self.show()


class _LimitLine:
    """A limit: what holds, its fields, its buttons; drawn once."""

    def __init__(self, card: LimitsCard, row: LimitRow) -> None:
        self._card, self._form = card, _LimitForm(row)
        form, rule = self._form, row.rule
        with Tag("div", "", "limit-row"):
            with Tag("div"):
                with Tag("div", "", "acts"):
                    self._name, self._state = Tag("strong"), Tag("span", "", "state")
                self._standing = Tag("span", "", "sub")
                self._answers: ChangingList[PeopleAnswer] = ChangingList(self._answer, "")
            set_it = partial(card.set_it, form)
            with Tag("div", "", "limit-fields"):
                for name in row.fields:
                    form.draw(name, set_it)
            with Tag("div", "", "acts"):
                about = _("limits of {rule}").format(rule=rule)
                button(_("Set"), set_it, about=about, mark=f"set-{rule}")
                back, words = partial(card.reset, form), _("Back to default")
                self._back = button(words, back, about=rule, mark=f"reset-{rule}")
            TrialPart(card.context, partial(card.typed, form), rule, card.device)

    def show(self, row: LimitRow) -> None:
        """Say what holds now."""
        self._name.text = row.name
        self._state.text = _("● runs") if row.runs else _("○ is off")
        restyle(self._state, "state on" if row.runs else "state")
        self._standing.text = self._card.standing(row)
        self._answers.show(row.answers)
        self._form.show(row)
        self._back.set_visibility(row.is_own)

    def _answer(self, answer: PeopleAnswer) -> None:
        """An alert of which somebody said that it was them, and the way back."""
        words = _("You said that it was you: {what}, {when}; such alerts are rarer for some weeks.")
        row, when = self._form.row, day_moment(answer.at_ms, self._card.context.zone)
        with Tag("div", "", "acts"):
            Tag("span", words.format(what=unusual_words(answer.kind), when=when), "sub")
            back = partial(self._card.not_us, row, answer)
            button(_("Take back"), back, about=row.rule, mark=f"not-us-{row.rule}")


class _LimitForm:
    """The fields of a row, and what is wrong with each."""

    def __init__(self, row: LimitRow) -> None:
        self.row = row
        self._untouched: dict[str, str] = {}  # what a field has while nobody typed in it
        self._inputs: dict[str, ui.input] = {}
        self._faults: dict[str, Tag] = {}

    def draw(self, name: str, enter: Callable[[], Awaitable[None]]) -> None:
        """A field with its label, its unit and room for what is wrong."""
        row, fault = self.row, f"fault-{self.row.rule}-{name}"
        with Tag("div", "", "limit-field"):
            Tag("span", _(LABELS[name]), "sub", aria_hidden="true")
            field = ui.input(value=row.fields[name], placeholder=_(_EXAMPLES.get(name, "")))
            suffix = "" if name in (*DURATIONS, *PLAIN) else row.unit
            aria = f'aria-label="{row.rule} {_(LABELS[name])}" aria-describedby="{fault}"'
            field.props(f'borderless dense suffix="{suffix}" {aria}')
            field.classes("field narrow").mark(f"{name}-{row.rule}")
            field.on("keydown.enter", enter)
            self._inputs[name], self._untouched[name] = field, row.fields[name]
            self._faults[name] = Tag("span", "", "fault", id=fault, role="alert")

    def show(self, row: LimitRow) -> None:
        """Take over what holds now, but where somebody has typed something."""
        self.row = row
        for name, field in self._inputs.items():
            if (field.value or "") == self._untouched[name]:
                field.value = row.fields[name]
            self._untouched[name] = row.fields[name]

    def settle(self) -> None:
        """What stands in the fields was done: the rule's own words may take its place."""
        self._untouched = {name: field.value or "" for name, field in self._inputs.items()}

    def changed(self) -> dict[str, str]:
        """What is no longer as it was."""
        texts = {
            name: text if name in DURATIONS else text.replace(",", ".")
            for name, field in self._inputs.items()
            for text in ((field.value or "").strip(),)
        }
        return {
            name: text or ("0s" if name in DURATIONS else text)
            for name, text in texts.items()
            if text != self.row.fields[name]
        }

    def blame(self, faults: Mapping[str, str]) -> None:
        """Say at each field what is wrong with it; nothing at the others."""
        for name, field in self._inputs.items():
            self._faults[name].text = faults.get(name, "")
            field.props(f"aria-invalid={'true' if name in faults else 'false'}")
            field.classes(**{"add" if name in faults else "remove": "wrong"})
