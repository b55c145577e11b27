"""The rules: which of them run, at which threshold; one click changes either."""

from __future__ import annotations

from collections.abc import Awaitable
from functools import partial

from nicegui import ui

from energyguard.page.elements.components import ChangingList, ConfirmDialog, Tag, button, card
from energyguard.page.frame.context import PageContext
from energyguard.rules.rule import Rule

RuleRow = tuple[Rule, bool]


class RulesCard:
    """Every rule with a switch and its threshold."""

    def __init__(self, context: PageContext) -> None:
        self.context, self.service = context, context.cache.service
        with card(
            "Rules", "c12", "a change works within a second and loses no state", anchor="rules"
        ):
            with Tag("p", "", "undo", role="status") as self.undone:
                self.undone_words = Tag("span")
                button("Undo", self._undo, mark="undo")
            self.undone.set_visibility(False)
            self.rows: ChangingList[RuleRow] = ChangingList(self._draw, "There are no rules.")
        self.question = ConfirmDialog()
        self.before: list[str] = []  # the rules that ran before some were stopped

    def show(self) -> None:
        """Draw the rules again if one has changed."""
        running = {rule.id for rule in self.service.rules.active()}
        self.rows.show([(rule, rule.id in running) for rule in self.service.rules.all()])

    def _draw(self, row: RuleRow) -> None:
        rule, runs = row
        with Tag("div", "", "rule-row"):
            with Tag("div"):
                with Tag("div", "", "acts"):
                    Tag("strong", rule.id)
                    Tag("span", "● runs" if runs else "○ is off", "state on" if runs else "state")
                Tag("span", rule.summary, "sub")
            with Tag("div", "", "acts"):
                level = ui.input(value=rule.written()[rule.limit])
                suffix = rule.unit if rule.limit.startswith("raise_") else ""
                level.props(
                    f'borderless dense suffix="{suffix}" aria-label="Threshold of {rule.id}"'
                )
                level.classes("field narrow").mark(f"level-{rule.id}")

                def set_level() -> Awaitable[None]:
                    return self._threshold(rule, level.value)

                level.on("keydown.enter", set_level)
                change = partial(self._switch, rule, not runs)
                only = partial(self._only, rule)
                button("Set threshold", set_level, about=f"of {rule.id}", mark=f"set-{rule.id}")
                button("Stop" if runs else "Start", change, about=rule.id)
                button("Run only this", only, about=rule.id, mark=f"only-{rule.id}")

    async def _threshold(self, rule: Rule, text: str) -> None:
        by, limit = self.context.user, rule.limit.replace("raise_", "raises ").replace("_", " ")
        await self.context.do(
            lambda: self.service.change_rule(rule.id, by=by, **{rule.limit: text.strip()}),
            f"{rule.id} {limit} {text.strip()} {rule.unit}",
        )

    def _running(self) -> list[str]:
        return [rule.id for rule in self.service.rules.active()]

    async def _switch(self, rule: Rule, on: bool) -> None:
        ids = [r for r in self._running() if r != rule.id] + [rule.id] * on
        await self._use(ids, f"{rule.id} {'runs' if on else 'is off'}")

    async def _only(self, rule: Rule) -> None:
        await self._use([rule.id], f"Only {rule.id} runs")

    async def _use(self, ids: list[str], done: str) -> None:
        """Let these rules run; before one stops a person is asked, once."""
        stopped = [rule for rule in self._running() if rule not in ids]
        if not stopped:
            await self._do(ids, done)
            return
        names = " and ".join(stopped)
        self.question.ask(
            f"Stop {names}?",
            "No more alerts are raised by it. Open ones stay; you can start it again at any time.",
            f"Stop {names}",
            lambda: self._do(ids, done),
        )

    async def _do(self, ids: list[str], done: str) -> None:
        by, before = self.context.user, self._running()
        if await self.context.do(lambda: self.service.use_rules(ids, by=by), done):
            self.before = before
            self.undone_words.text = done
            self.undone.set_visibility(not set(before) <= set(ids))

    async def _undo(self) -> None:
        await self._do(self.before, f"As before: {', '.join(self.before)} runs")
