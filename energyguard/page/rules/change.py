"""A rule changed in place: its limits, devices, severity and words; who changed what, and undo."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

from nicegui import ui

from energyguard.errors import ConfigError, EnergyGuardError
from energyguard.page.elements.components import ConfirmDialog, Tag, button, tell
from energyguard.page.elements.forms import Form, Values
from energyguard.page.frame.context import PageContext
from energyguard.page.rules.fields import draw_rule_fields, form_fields, read_rule_fields
from energyguard.page.rules.preview import Preview
from energyguard.page.rules.words import change_words, field_words
from energyguard.page.words.faults import fault_words
from energyguard.page.words.formatting import day_moment
from energyguard.page.words.language import _
from energyguard.rules.fields import FieldShape
from energyguard.rules.rule import Rule
from energyguard.rules.toml import table_of, written_table
from energyguard.rules.windowed import WindowRule


class RuleForm:
    """The form of one rule, and its last changes.

    Args:
        context: the open page.
        rule: as it is.
        done: called when it was changed, or left.
        removed: called with its table when it was taken out.
        question: asks before it is.
    """

    def __init__(
        self,
        context: PageContext,
        rule: Rule,
        done: Callable[[], object],
        removed: Callable[[str], object],
        question: ConfirmDialog,
    ) -> None:
        self.context, self.service, self.rule = context, context.cache.service, rule
        self._done, self._removed, self._question = done, removed, question
        fields = [form_fields(type(rule))[n] for n in (0, 1)]
        first, more = (
            {
                n: f
                for n, f in part.items()
                if f.may_change and (n in rule.written() or n in limits_of(rule))
            }
            for part in fields
        )
        self._fields = {**first, **more}
        values = {name: self._text(name) for name in self._fields}
        form = Form(f"rule-{rule.id}", lambda typed: self._save(form, typed))
        with form:
            with Tag("div", "", "rule-fields"):
                draw_rule_fields(form, self.service, type(rule), self._fields, values)
            self._preview = Preview(context)
            form.acts(_("Save"), done)
        form.on_change(self._changed)
        self._history()

    async def show(self) -> None:
        """What it does as it is."""
        await self._preview.show(self.rule)

    def _text(self, name: str) -> str:
        """A field as people write it; empty: it has none."""
        field = self._fields[name]
        unwritten = field.options[0] if field.shape is FieldShape.CHOICE else ""
        return self.rule.written().get(name, unwritten)

    def _history(self) -> None:
        """Who changed what, and what may be done about the whole rule."""
        rows = self.service.rules.history(self.rule.id)
        if rows:
            with Tag("ol", "", "story"):
                for n, row in enumerate(rows):
                    with Tag("li", "", "change"):
                        with Tag("div"):
                            Tag("b", change_words(row))
                            who = [row.by, day_moment(row.at_ms, self.context.zone), row.device]
                            Tag("span", " · ".join(filter(None, who)), "sub")
                        if not n:
                            button(_("Undo"), self._undo, "link", self.rule.id,
                                   f"undo-{self.rule.id}")  # fmt: skip
        with Tag("div", "", "acts lesser"):
            if not self.service.rules.is_of_file(self.rule.id):
                button(_("Remove …"), self._ask, "link", self.rule.id, f"remove-{self.rule.id}")
            else:
                Tag("span", _("It stands in a file: it may be stopped, not removed."), "sub")

    def _changes(self, values: Values) -> dict[str, str]:
        """What is no longer as it was, by field."""
        typed = read_rule_fields(self._fields, values)
        found = {name: str(typed.get(name, "")) for name in self._fields if name in values}
        return {name: text for name, text in found.items() if text != self._text(name)}

    async def _changed(self, values: Values) -> None:
        new, faults = self.rule.read_changes(self._changes(values))
        rule = None if faults else self.rule.changed(new, self._changes(values))
        await self._preview.show(None if rule is None or rule.validate() else rule)

    async def _save(self, form: Form, values: Values) -> None:
        changes, by, page = self._changes(values), self.context.user, ui.context.client
        for name, text in changes.items():
            if not text and self._fields[name].shape is FieldShape.DURATION:
                changes[name] = "0s"
        if not changes:
            self._done()
            return
        try:
            await asyncio.to_thread(
                lambda: self.service.change_rule(self.rule.id, by=by, **changes)
            )
        except ConfigError as error:
            with page:
                form.blame(self._faults(error.faults))
        except EnergyGuardError as error:
            with page:
                form.blame({"": fault_words(error)})
        else:
            with page:
                self._done()
                tell(_("{rule} was changed").format(rule=self.rule.id))

    def _faults(self, sentences: tuple[str, ...]) -> dict[str, str]:
        """What is wrong, at the field that each sentence names first."""
        found: dict[str, str] = {}
        for sentence in sentences:
            text = sentence.removeprefix(f"{self.rule.id}: ")
            named = sorted((text.find(name), name) for name in self._fields if name in text)
            name = named[0][1] if named else ""
            text = text.removeprefix(f"{name}: ")
            found[name] = text.replace(name, f"“{field_words(name)}”") if name else text
        return found

    async def _undo(self) -> None:
        rule_id, by = self.rule.id, self.context.user
        done = _("{rule} is as it was before").format(rule=rule_id)
        if await self.context.do(lambda: self.service.undo_rule(rule_id, by=by), done):
            self._done()

    def _ask(self) -> None:
        self._question.ask(
            _("Remove {rule}?").format(rule=self.rule.id),
            _("Its open alerts end. You can take it back."),
            _("Remove"),
            self._remove,
        )

    async def _remove(self) -> None:
        rule_id, by = self.rule.id, self.context.user
        table = written_table(table_of(self.rule))
        done = _("{rule} was removed").format(rule=rule_id)
        if await self.context.do(partial(self.service.remove_rule, rule_id, by), done):
            self._removed(table)


_LIMITS = ("selector", "severity", "about", "clear_at", "dwell", "longer_than", "rhythms",
           "at_once", "lasting", "allowed", "basis")  # fmt: skip
"""What may be given to a rule that has none of it yet."""


def limits_of(rule: Rule) -> tuple[str, ...]:
    """What may be given to a rule; a mean has no bounds to go by."""
    is_mean = isinstance(rule, WindowRule) and rule.is_mean
    return tuple(name for name in _LIMITS if not (is_mean and name == "basis"))
