"""What rules were before their last changes: who changed what, and taking it back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
from msgspec import UNSET

from energyguard.errors import Conflict
from energyguard.records.rules import RULE_CHANGE, RuleBefore, RuleChange, RuleEdit
from energyguard.rules.devices import DeviceRule
from energyguard.rules.rule import Rule

MAX_CHANGES, MAX_BYTES = 20, 65_536
"""So many changes of a rule are kept, and no more than so many bytes of them."""

Before = RuleBefore[Rule]


class RuleInForce(NamedTuple):
    """A rule as it is, whether it runs, and who changed the levels that are in force."""

    rule: Rule
    active: bool
    edits: Mapping[str, RuleEdit]
    unswitched: bool = False
    """Nobody has started or stopped it: ``rules.use`` says whether it runs."""

    def written(self, before: Sequence[Before]) -> tuple[str, bytes]:
        """Its record, with what it was before its last changes."""
        edits = dict(self.edits)
        kept_before = tuple(before) or UNSET
        change = RuleChange(
            rule=self.rule, active=self.active, edits=edits, before=kept_before,
            unswitched=self.unswitched,
        )  # fmt: skip
        return self.rule.id, RULE_CHANGE.encode(change)

    def before(self, edit: RuleEdit, device: str) -> Before:
        """What it was before somebody's change."""
        return RuleBefore(
            rule=self.rule,
            active=self.active,
            by=edit.by,
            at_ms=edit.at_ms,
            device=device,
            edits=dict(self.edits),
            unswitched=self.unswitched,
        )


def in_force(entry: Before) -> RuleInForce:
    """What a rule was before a change."""
    return RuleInForce(entry.rule, entry.active, entry.edits, entry.unswitched)


class ChangedRule(NamedTuple):
    """A change of a rule, in words."""

    by: str
    at_ms: int  # wall time
    device: str  # empty: of all
    what: str


def kept(entries: Sequence[Before]) -> tuple[Before, ...]:
    """The newest of some changes, as many as are kept: one at least."""
    found: list[Before] = []
    left = MAX_BYTES
    for entry in reversed(entries[-MAX_CHANGES:]):
        left -= len(msgspec.json.encode(entry))
        if found and left < 0:
            break
        found.append(entry)
    return tuple(reversed(found))


def undone(
    rule_id: str, now: RuleInForce, entries: Sequence[Before], device: str = ""
) -> tuple[RuleInForce, tuple[Before, ...]]:
    """A rule without its last change, or without the last one of a device; and what is left.

    Raises:
        Conflict: there is none to take back.
    """
    places = [i for i, entry in enumerate(entries) if device in ("", entry.device)]
    if not places:
        of = f" for {device}" if device else ""
        raise Conflict(f"{rule_id}: no change{of} to take back")
    last = places[-1]
    entry, later = entries[last], entries[last + 1 :]
    if not later:
        return in_force(entry), tuple(entries[:last])
    rest = [msgspec.structs.replace(e, **_as_before(e.rule, e.edits, entry, device)) for e in later]
    changed = now._replace(**_as_before(now.rule, now.edits, entry, device))
    return changed, (*entries[:last], *rest)


def _as_before(
    rule: Rule, edits: Mapping[str, RuleEdit], entry: Before, device: str
) -> dict[str, Any]:
    """A rule and its edits with what differed for a device before a change."""
    others = {name: edit for name, edit in edits.items() if name != device}
    others |= {device: entry.edits[device]} if device in entry.edits else {}
    if isinstance(rule, DeviceRule) and isinstance(entry.rule, DeviceRule):
        rule = rule.differing(device, entry.rule.overrides.get(device, {}))
    return {"rule": rule, "edits": others}


def history_of(now: RuleInForce, entries: Sequence[Before]) -> list[ChangedRule]:
    """The changes that are kept, in words, the newest first."""
    states = [*map(in_force, entries), now]
    rows = [
        ChangedRule(entry.by, entry.at_ms, entry.device, _difference(before, after, entry.device))
        for entry, before, after in zip(entries, states, states[1:], strict=False)
    ]
    return rows[::-1]


def _difference(before: RuleInForce, after: RuleInForce, device: str) -> str:
    is_as_before = before.active == after.active or (before.unswitched and after.unswitched)
    parts = [] if is_as_before else ["started" if after.active else "stopped"]
    old, new = (
        (state.rule.of(device) if device else state.rule).written() for state in (before, after)
    )
    parts += [
        f"{name} {old.get(name, '-')} → {new.get(name, '-')}"
        for name in dict.fromkeys((*old, *new))
        if old.get(name) != new.get(name)
    ]
    if not device:
        own, other = overrides_of(before.rule), overrides_of(after.rule)
        moved = [name for name in dict.fromkeys((*own, *other)) if own.get(name) != other.get(name)]
        parts += [f"what differs for {name}" for name in moved]
    return ", ".join(parts) or "nothing"


def overrides_of(rule: Rule) -> Mapping[str, Mapping[str, str]]:
    """What differs by device; of a kind that knows no devices nothing."""
    return rule.overrides if isinstance(rule, DeviceRule) else {}
