"""What kinds of rules share that have one level: above which they raise, or below which."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from msgspec import UNSET, UnsetType

from energyguard.model.quantities import NANO
from energyguard.rules.rule import Rule

MAX_LEVEL_KW: Final = 10_000_000
"""No level is above this power: a large power station has a tenth of it."""


class LevelRule(Rule):
    """A rule with ``raise_above`` or ``raise_below``, and ``clear_at``: in 1e-9 of its unit."""

    __slots__ = ()

    raise_above: int | UnsetType
    raise_below: int | UnsetType
    clear_at: int

    @property
    def limit(self) -> str:  # type: ignore[override]
        """Which of its two levels it has."""
        return "raise_below" if self.is_below else "raise_above"

    @property
    def is_below(self) -> bool:
        """Whether little is a bad sign."""
        return self.raise_above is UNSET and self.raise_below is not UNSET

    @property
    def side(self) -> str:
        """On which side of the level it raises."""
        return "below" if self.is_below else "above"

    @property
    def level(self) -> int:
        """The level that raises."""
        level = self.raise_below if self.raise_above is UNSET else self.raise_above
        return 0 if level is UNSET else level

    @property
    def clear_level(self) -> int:
        """The level that clears."""
        return self.clear_at

    @classmethod
    def complete(cls, given: Mapping[str, Any], fields: dict[str, Any]) -> Iterator[str]:
        """One of the levels is needed; an alert clears where it is raised, unless it says else."""
        clears_where_it_raises(fields, "raise_above", "raise_below")
        yield from (name for name in super().complete(given, fields) if name != "clear_at")
        if not {"raise_above", "raise_below"} & given.keys():
            yield "raise_above"

    def level_faults(self) -> Iterator[str]:
        """What is wrong with its levels."""
        if self.raise_above is not UNSET and self.raise_below is not UNSET:
            yield "raise_above and raise_below: a rule has one of them"
        if self.clear_at < self.level if self.is_below else self.clear_at > self.level:
            yield f"clear_at is {self.side} {self.limit}"


def is_beyond_power(nano: int, unit: str, window_ms: int) -> bool:
    """Whether an amount of kWh in a window, or of kW, is more than any power gives."""
    max_kw = {"kWh": MAX_LEVEL_KW * window_ms / 3_600_000, "kW": MAX_LEVEL_KW}.get(unit)
    return max_kw is not None and abs(nano) > max_kw * NANO


def clears_where_it_raises(fields: dict[str, Any], *levels: str) -> None:
    """A clear level that is not given is the level that raises."""
    given = [fields[level] for level in levels if fields.get(level) is not None]
    if given and fields.get("clear_at") is None:
        fields["clear_at"] = given[0]
