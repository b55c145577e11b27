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


class RuleChange(msgspec.Struct, Generic[RuleT], frozen=True, kw_only=True):
    """A rule as it is from now on; no value: as its file has it."""

    rule: Annotated[RuleT, doc("The rule with all its fields.")]
    active: Annotated[bool, doc("Whether it runs.")]
    edits: Annotated[
        dict[str, RuleEdit],
        doc("Who changed the levels that are in force: of a device, or (no name) of all."),
    ] = {}


class RuleHeaders(RecordHeaders, frozen=True, gc=False):
    """Who changed it."""

    by: str = ""


RULE_CHANGE = TopicRecord(topics.RULES, RuleChange[dict[str, Any]], "rule", RuleHeaders)
"""Rules have the fields of their kind: who knows it decodes ``RuleChange[Rule]``."""
