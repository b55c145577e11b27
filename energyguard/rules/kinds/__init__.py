"""The kinds of rules: each file here is one, and is known by being here.

threshold.py   the sum or the mean of a window, above or below a level
rate.py        how fast sums or means of windows change
silence.py     a device that has sent nothing for too long
agree.py       what a device tells against itself, by physics
state.py       how high a state may be, or how long it may last
demand.py      the mean power of the running quarter of an hour, forecast to its end
profile.py     how far from what is usual for the device at this half-hour of the week
unusual.py     use unlike what is usual for the device, as rare as people want alerts

A kind from elsewhere is made known with ``register`` before rules are read.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import msgspec

from energyguard.rules.rule import Rule
from energyguard.rules.term_rule import TermRule

DEFAULT = "threshold"
"""The kind of a rule that does not say which it is."""
KINDS: dict[str, type[Rule]] = {}
"""Every kind by its name."""
OF_THE_STREAM: Mapping[str, type[Rule]] = {TermRule.kind: TermRule}
"""Kinds that nobody writes: they follow from rules, and are decided and saved as these are."""


def register(kind: type[Rule]) -> type[Rule]:
    """Make a kind known.

    Raises:
        ValueError: another one has its name.
    """
    if KINDS.setdefault(kind.kind, kind) is not kind:
        raise ValueError(f"there is a kind of rules {kind.kind!r} already")
    return kind


def rule_from(fields: Mapping[str, Any]) -> Rule:
    """A rule from what was encoded of it.

    Raises:
        msgspec.ValidationError: no kind has this name, or its fields are others.
    """
    name = fields.get("kind", DEFAULT)
    kind = KINDS.get(name) or OF_THE_STREAM.get(name)
    if kind is None:
        raise msgspec.ValidationError(f"no kind of rules {name!r}; there are: {', '.join(KINDS)}")
    return msgspec.convert(fields, kind)


def decoding(wanted: type, fields: Any) -> Rule:
    """``dec_hook`` of what holds rules: msgspec decodes a ``Rule`` by it.

    Raises:
        NotImplementedError: it is of another type.
    """
    if wanted is not Rule:
        raise NotImplementedError(f"not a rule: {wanted.__name__}")
    return rule_from(fields)


for _module in iter_modules(__path__):
    register(import_module(f"{__name__}.{_module.name}").KIND)
