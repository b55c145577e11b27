"""Records of ``energyguard.rules``: rules as switched or changed while running."""

from __future__ import annotations

from typing import Annotated, Any, Generic, TypeVar

import msgspec

from energyguard.model import topics
from energyguard.records.contract import RecordHeaders, TopicRecord, doc

RuleT = TypeVar("RuleT")


class RuleEdit(msgspec.Struct, frozen=True):
    """Who changed a rule last, and when."""

    by: str
    at_ms: Annotated[int, doc("Wall time.", "ms")]


class RuleBefore(msgspec.Struct, Generic[RuleT], frozen=True, kw_only=True, omit_defaults=True):
    """A rule as it was before a change, and who made that."""

    rule: Annotated[RuleT, doc("The rule with all its fields.")]
    active: bool
    by: str
    at_ms: Annotated[int, doc("When it was changed, wall time.", "ms")]
    device: Annotated[str, doc("Of which device alone; empty: of all.")] = ""
    edits: dict[str, RuleEdit] = {}
    unswitched: bool = False


class RuleChange(msgspec.Struct, Generic[RuleT], frozen=True, kw_only=True):
    """A rule as it is from now on; no value: as its file has it."""

    rule: Annotated[RuleT, doc("The rule with all its fields.")]
    active: Annotated[bool, doc("Whether it runs.")]
    edits: Annotated[
        dict[str, RuleEdit],
        doc("Who changed the levels that are in force: of a device, or (no name) of all."),
    ] = {}
    before: Annotated[
        tuple[RuleBefore[RuleT], ...] | msgspec.UnsetType,
        doc("As it was before each of its last changes, the newest last: to take them back."),
    ] = msgspec.UNSET
    unswitched: Annotated[
        bool,
        doc("Nobody has started or stopped it: `rules.use` of who reads says whether it runs."),
    ] = False


class RuleHeaders(RecordHeaders, frozen=True, gc=False):
    """Who changed it."""

    by: str = ""


RULE_CHANGE = TopicRecord(topics.RULES, RuleChange[dict[str, Any]], "rule", RuleHeaders)
"""Rules have the fields of their kind: who knows it decodes ``RuleChange[Rule]``."""
