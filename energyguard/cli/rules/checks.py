"""The verbs of ``check``: what could be wrong in a file, before it is used."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from energyguard.cli.rules import mappings, polls, rules

CHECKS: Final[Mapping[str, Callable[..., None]]] = {
    "rules": rules.check_rules,
    "scenarios": rules.check_scenarios,
    "mapping": mappings.check_mapping,
    "poll": polls.check_poll,
}
