"""The rules: what each watches, of which devices, and whether it runs; each opens to be changed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import NamedTuple

from energyguard.errors import Unavailable
from energyguard.page.elements.components import ConfirmDialog, Tag, button, card
from energyguard.page.elements.lists import SteadyRows
from energyguard.page.frame.context import PageContext
from energyguard.page.rules.change import RuleForm
from energyguard.page.rules.words import devices_words, got_words, option_words
from energyguard.page.words.formatting import day_moment
from energyguard.page.words.language import _
from energyguard.page.words.rules import rule_summary
from energyguard.rules.rule import Rule
from energyguard.service.alerts.alerts_got import AlertsGot, alerts_got

GOT_KEEP_S = 300.0


class RuleRow(NamedTuple):
    """A rule as a row: only what else is said of it changes in place."""

    rule: Rule
    runs: bool
    remark: str


class _Remark(Tag):
    """What else is said of a rule."""

    def show(self, row: RuleRow) -> None:
        """Say it."""
        self.text = row.remark


class RulesCard:
    """Every rule with a switch, and its form where somebody opens it.

    Args:
        context: the open page.
        new: shows the form of a new rule.
    """

    def __init__(self, context: PageContext, new: Callable[[], Awaitable[object]]) -> None:
        self.context, self.service = context, context.cache.service
        self._open: str | None = None  # the rule whose form is open: it is not drawn again
        self._got: Mapping[str, AlertsGot] = {}  # by rule
        self._into: dict[str, Tag] = {}  # where the form of each rule goes
        note = _("a change works within a second and loses no state")
        with card(_("Rules"), "c12", note, anchor="rules"):
            with Tag("div", "", "acts rules-head"):
                button(_("New rule"), new, "main-act", mark="new-rule-open")
            with Tag("p", "", "undo", role="status") as self.undone:
                self.undone_words = Tag("span")
                button(_("Undo"), self._undo, mark="undo")
            self.undone.set_visibility(False)
            self.rows: SteadyRows[RuleRow, _Remark] = SteadyRows(
                lambda row: (row.rule, row.runs), self._draw, _("There are no rules.")
            )
        self.question = ConfirmDialog()
        self._back: Callable[[], Awaitable[bool]] | None = None

    def show(self) -> None:
        """Draw the rules again if one has changed; not under somebody's hands."""
        if self._open is not None:
            return
        rules = self.service.rules
        running = {rule.id for rule in rules.active()}
        self.rows.show(
            [RuleRow(rule, rule.id in running, self._remark(rule)) for rule in rules.all()]
        )

    async def ask(self) -> None:
        """Know what the rules raised in the last weeks; without a history that is not shown."""
        try:
            self._got = await self.context.cache.shared(
                "alerts got", GOT_KEEP_S, lambda: alerts_got(self.service)
            )
        except Unavailable:
            self._got = {}
        self.show()

    def _draw(self, row: RuleRow) -> _Remark:
        """Its row; gives the line of what else is said of it."""
        rule, runs = row.rule, row.runs
        with Tag("div", "", "rule-row"):
            with Tag("div"):
                with Tag("div", "", "acts"):
                    Tag("strong", rule.id)
                    Tag("span", _("● runs") if runs else _("○ is off"), f"state{' on' * runs}")
                Tag("span", _(rule.about) or rule_summary(rule), "sub")
                if rule.about:
                    Tag("span", rule_summary(rule), "sub block")
                remark = _Remark("span", "", "sub block")
            with Tag("div", "", "acts"):
                button(_("Change"), partial(self._change, rule), about=rule.id,
                       mark=f"change-{rule.id}")  # fmt: skip
                change = partial(self._switch, rule, not runs)
                button(_("Stop") if runs else _("Start"), change, about=rule.id,
                       mark=f"switch-{rule.id}")  # fmt: skip
                only = partial(self._only, rule)
                button(_("Run only this"), only, about=rule.id, mark=f"only-{rule.id}")
            self._into[rule.id] = Tag("div", "", "rule-form")
        return remark

    def _remark(self, rule: Rule) -> str:
        """Which devices, how bad it is, who changed it last, and what it raised."""
        parts = [devices_words(rule, self.service.catalogue), option_words(rule.severity)]
        if (edit := self.service.rules.edits(rule.id).get("")) is not None:
            when = day_moment(edit.at_ms, self.context.zone)
            parts.append(_("changed by {who} {when}").format(who=edit.by, when=when))
        if (got := self._got.get(rule.id)) is not None:
            parts.append(got_words(got))
        return " · ".join(parts)

    # A rule, opened

    async def _change(self, rule: Rule) -> None:
        before = self._open
        if before is not None:
            self._leave()  # one at a time: two forms of rules are easily confused
        if before == rule.id:
            return
        self._open, rule = rule.id, self.service.rules.get(rule.id)
        with self._into[rule.id]:
            removed = partial(self._removed, rule.id)
            form = RuleForm(self.context, rule, self._leave, removed, self.question)
        await form.show()

    def _leave(self) -> None:
        """Close the form: all are shown as they are now."""
        if self._open is not None:
            self._into[self._open].clear()
        self._open = None
        self.show()

    def _removed(self, rule_id: str, table: str) -> None:
        by = self.context.user

        async def back() -> bool:
            done = _("{rule} is there again").format(rule=rule_id)
            return await self.context.do(lambda: self.service.add_rules(table, by), done)

        self._leave()
        self._offer(_("{rule} was removed").format(rule=rule_id), back)

    # Which rules run

    def _running(self) -> list[str]:
        return [rule.id for rule in self.service.rules.active()]

    async def _switch(self, rule: Rule, on: bool) -> None:
        ids = [r for r in self._running() if r != rule.id] + [rule.id] * on
        words = _("{rule} runs") if on else _("{rule} is off")
        await self._use(ids, words.format(rule=rule.id))

    async def _only(self, rule: Rule) -> None:
        await self._use([rule.id], _("Only {rule} runs").format(rule=rule.id))

    async def _use(self, ids: list[str], done: str) -> None:
        """Let these rules run; before one stops a person is asked, once."""
        stopped = [rule for rule in self._running() if rule not in ids]
        if not stopped:
            await self._do(ids, done)
            return
        names = _(" and ").join(stopped)
        self.question.ask(
            _("Stop {rules}?").format(rules=names),
            _("No more alerts are raised by it, and open ones end; you can start it again."),
            _("Stop {rules}").format(rules=names),
            lambda: self._do(ids, done),
        )

    async def _do(self, ids: list[str], done: str) -> bool:
        by, before = self.context.user, self._running()
        if not await self.context.do(lambda: self.service.use_rules(ids, by=by), done):
            return False
        again = _("As before: {rules} runs").format(rules=", ".join(before))
        if set(before) <= set(ids):
            self.undone.set_visibility(False)
        else:
            self._offer(done, lambda: self._do(before, again))
        return True

    def _offer(self, done: str, back: Callable[[], Awaitable[bool]]) -> None:
        """Say what was done, beside the way back."""
        self._back, self.undone_words.text = back, done
        self.undone.set_visibility(True)

    async def _undo(self) -> None:
        back, self._back = self._back, None
        self.undone.set_visibility(False)
        if back is not None:
            await back()
            self.show()
