"""A new rule: its kind, its fields, which devices it is about; what it would do is said at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from nicegui import ui

from energyguard.errors import EnergyGuardError
from energyguard.page.devices.form import id_for
from energyguard.page.elements.components import Tag, card, tell
from energyguard.page.elements.forms import Form, Values
from energyguard.page.frame.context import PageContext
from energyguard.page.rules.fields import BEGIN, draw_rule_fields, form_fields, read_rule_fields
from energyguard.page.rules.preview import Preview
from energyguard.page.rules.words import field_words, kind_words
from energyguard.page.words.faults import fault_words
from energyguard.page.words.language import _
from energyguard.rules.kinds import DEFAULT, KINDS
from energyguard.rules.rule import Rule
from energyguard.rules.toml import Written, read_rule, written_table


class RuleDraft(NamedTuple):
    """A rule that somebody is writing."""

    table: Written
    rule: Rule | None
    """None: something of it is wrong."""
    faults: Mapping[str, str]
    """What is wrong, by field; of none of them: no name."""


def draft_of(kind: type[Rule], values: Values, taken: Iterable[str]) -> RuleDraft:
    """What was typed, as a rule; without a name it gets one.

    Args:
        kind: of which kind.
        values: by field.
        taken: the ids of the rules that there are.
    """
    table = {"kind": kind.kind, **read_rule_fields(kind.fields(), values)}
    name = str(table.get("id", "")) or f"{kind.kind} {table.get('selector', '')}"
    table["id"] = id_for(name, dict.fromkeys(taken), "rule")[:64].rstrip("-")
    found, rule = read_rule(table)
    faults: dict[str, str] = {}
    for field, reason in found:
        words = _("is missing") if reason == f"{field} is missing" else reason
        faults.setdefault(field, words.removeprefix(f"{field}: "))
    if rule is not None:
        for reason in rule.validate():
            faults.setdefault(_field_of(reason, kind), _in_words(reason, kind))
    return RuleDraft(table, None if faults else rule, faults)


def _field_of(reason: str, kind: type[Rule]) -> str:
    """The first field that a sentence about a rule names; empty: none."""
    named = sorted((reason.find(name), name) for name in kind.fields() if name in reason)
    return named[0][1] if named else ""


def _in_words(reason: str, kind: type[Rule]) -> str:
    """A sentence about a rule, its fields by their names."""
    for name in sorted(kind.fields(), key=len, reverse=True):
        if "_" in name:
            reason = reason.replace(name, f"“{field_words(name)}”")
    return reason


class NewRuleCard:
    """The form; not there until somebody asks for it.

    Args:
        context: the open page.
        made: called when a rule runs.
    """

    def __init__(self, context: PageContext, made: Callable[[], object]) -> None:
        self.context, self.service, self._made = context, context.cache.service, made
        self._box = Tag("div", "", "c12")
        with self._box, card(_("New rule"), "", anchor="new-rule"):
            self._body = Tag("div")
        self._box.set_visibility(False)

    async def open(self, values: Values) -> None:
        """Show the form, with what is known already."""
        self._box.set_visibility(True)
        await self._draw({"kind": DEFAULT, **BEGIN, **values})

    def close(self) -> None:
        """Leave it."""
        self._box.set_visibility(False)
        self._body.clear()

    async def _draw(self, values: Values) -> None:
        kind = KINDS.get(values.get("kind", DEFAULT), KINDS[DEFAULT])
        first, more = form_fields(kind)
        self._body.clear()
        with self._body:
            form = Form("new-rule", lambda typed: self._save(form, kind, typed))
            with form:
                options = [(name, kind_words(name)) for name in KINDS]
                form.choose("kind", _("Raise an alert when"), options, kind.kind)
                with Tag("div", "", "rule-fields"):
                    draw_rule_fields(form, self.service, kind, first, values)
                with Tag("details", "", "more"):
                    Tag("summary", _("More …"), "link")
                    with Tag("div", "", "rule-fields"):
                        draw_rule_fields(form, self.service, kind, more, values)
                preview = Preview(self.context)
                form.acts(_("Let it run"), self.close)
            form.on_change(lambda typed: self._changed(kind, preview, typed))
        await preview.show(self._draft(kind, values).rule)

    def _draft(self, kind: type[Rule], values: Values) -> RuleDraft:
        return draft_of(kind, values, [rule.id for rule in self.service.rules.all()])

    async def _changed(self, kind: type[Rule], preview: Preview, values: Values) -> None:
        if values.get("kind", kind.kind) != kind.kind:
            await self._draw(values)
        else:
            await preview.show(self._draft(kind, values).rule)

    async def _save(self, form: Form, kind: type[Rule], values: Values) -> None:
        draft, by, page = self._draft(kind, values), self.context.user, ui.context.client
        if draft.rule is None:
            form.blame(draft.faults)
            return
        toml = written_table(draft.table)
        try:
            await asyncio.to_thread(lambda: self.service.add_rules(toml, by))
        except EnergyGuardError as error:
            with page:
                form.blame({"": fault_words(error)})
            return
        with page:
            self.close()
            self._made()
            tell(_("{rule} runs").format(rule=draft.rule.id))
