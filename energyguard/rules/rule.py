"""What every kind of rule has: an id, a severity, words for people, and fields that can be checked.

A kind is a struct that is a ``Rule``; each stands in a file of its own in ``kinds/``. Levels count
1e-9 of the rule's unit, times and durations are ms of event time. All is said once, here and in the
kind: rule files, the command line, REST and the page read the fields, workers run the operator.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, ClassVar, NamedTuple, Self, cast

import msgspec
from msgspec import UNSET

from energyguard.model.alerts import Severity, State
from energyguard.model.channels import ENERGY_DEFAULTS, EnergyDefaults
from energyguard.model.quantities import NANO
from energyguard.model.selector import SiteClock
from energyguard.rules.fields import RuleField, fields_of

STOPPED, CHANGED = "the rule was stopped", "the rule was changed"
LEFT = "it is none of the rule's devices any more"
RETIRED = "the device is retired"
"""Why an alert ends that no reading ends."""


class SiteCalendar(NamedTuple):
    """What holds of devices of which the catalogue says nothing else."""

    zone: str = ""
    holidays: tuple[str, ...] = ()
    """Days and countries, as ``rules.holidays`` has them."""
    energy: EnergyDefaults = ENERGY_DEFAULTS
    """What is plausible, as ``ledger.*`` has it."""

    @property
    def clock(self) -> SiteClock:
        """By which days people live there."""
        return SiteClock(self.zone, self.holidays)


NOWHERE = SiteCalendar()
"""In UTC, without holidays."""


class Observation(NamedTuple):
    """What was found of a device, for the sentence about it."""

    device: str
    state: State
    observed: int  # 1e-9 of the rule's unit
    since_ms: int
    expected: int = 0  # what it is held against, 1e-9 of the rule's unit
    evidence: Mapping[str, int] = MappingProxyType({})  # what else is known, by name
    clock: SiteClock = SiteClock()  # of the device's site

    @property
    def since(self) -> str:
        """Since when, in UTC."""
        return f", since {datetime.fromtimestamp(self.since_ms / 1000, UTC):%Y-%m-%d %H:%M:%S} UTC"

    def unknown(self, what: str) -> str:
        """Of a device that went silent while it broke a rule."""
        return f"{self.device} is silent: nobody knows whether it is still {what}"


def spell_amount(nano: int) -> str:
    """An amount with as many decimals as matter beside a limit."""
    return f"{nano / NANO:.3f}".rstrip("0").rstrip(".")


class Rule:
    """One rule of any kind; what a kind does not override it does not need."""

    __slots__ = ()

    kind: ClassVar[str]
    """What a rule file says in ``kind``."""
    flow: ClassVar[str] = "windows"
    """The flow of ``pipeline.py`` that runs rules of this kind."""
    limit: ClassVar[str]
    """The field that people change first: how much is too much."""
    id: str
    severity: Severity
    about: str

    @property
    def engines(self) -> frozenset[str]:
        """Who can run it besides the embedded worker, which can run all."""
        return frozenset()

    @property
    def needs_catalogue(self) -> bool:
        """Whether it has to know where devices stand."""
        return False

    @property
    def goes_by_sites(self) -> bool:
        """Whether the hours that it looks at are those of each device's site."""
        return False

    @property
    def is_uniform(self) -> bool:
        """Whether it is the same for all devices there are."""
        return True

    @property
    def level(self) -> int:
        """The limit, in 1e-9 of ``unit``: what an alert calls expected."""
        raise NotImplementedError

    @property
    def clear_level(self) -> int:
        """What ends an alert, in 1e-9 of ``unit``."""
        return self.level

    @property
    def unit(self) -> str:
        """The unit of its level."""
        raise NotImplementedError

    @property
    def reach_ms(self) -> int:
        """How far back it looks."""
        return 0

    @property
    def makes_energy_alerts(self) -> bool:
        """Whether each breach is a record of ``energy_alerts``, as system C has them."""
        return False

    @property
    def text(self) -> str:
        """The rule in few words: ``kwh>2.0 over 15 minutes``."""
        raise NotImplementedError

    @property
    def summary(self) -> str:
        """What it does, in a sentence: with the levels as they are now."""
        raise NotImplementedError

    def of(self, device: str) -> Self:
        """The rule as it holds for a device."""
        return self

    def sentence(self, found: Observation) -> str:
        """What an alert of it says: what happened, and what it is held against."""
        raise NotImplementedError

    def validate(self) -> list[str]:
        """What makes this rule unusable, in sentences; empty when it is fine."""
        raise NotImplementedError

    @classmethod
    def complete(cls, given: Mapping[str, Any], fields: dict[str, Any]) -> Iterator[str]:
        """Fill in what follows from other fields; gives the names of those that are missing.

        Args:
            given: a table of a rule file, by name as people write them.
            fields: what was read of it, by attribute; gets the rest.
        """
        for name, field in cls.fields().items():
            if field.needed and name not in given:
                yield name

    def changed(self, new: Mapping[str, Any], text: Mapping[str, str]) -> Self:
        """The same with other fields; one that clears where it raises goes on doing so.

        Args:
            new: the values, by attribute.
            text: what people wrote, by name.
        """
        more = dict(new)
        if self.limit in new and "clear_at" not in new and self.clear_level == self.level:
            more["clear_at"] = new[self.limit]
        return self.with_fields(**more)

    def read_changes(self, text: Mapping[str, str]) -> tuple[dict[str, Any], list[str]]:
        """New values by attribute, of what people wrote by name; and what is wrong with it."""
        known = {name: field for name, field in self.fields().items() if field.may_change}
        new: dict[str, Any] = {}
        faults: list[str] = []
        for name, words in text.items():
            if name not in known:
                faults.append(f"cannot change {name!r}; can: {', '.join(known)}")
                continue
            field = known[name]
            try:
                gone = field.may_go and not words.strip()
                new[field.attribute] = field.default if gone else field.read(words)
            except ValueError as error:
                faults.append(f"{name}: {error}")
        return new, faults

    def at_site(self, site: SiteCalendar) -> Self:
        """The same with what holds where nobody says anything else, where it looks at that."""
        return self

    def with_fields(self, **fields: Any) -> Self:
        """The same with other values, by attribute."""
        changed: Self = msgspec.structs.replace(cast(Any, self), **fields)
        return changed

    @classmethod
    def fields(cls) -> Mapping[str, RuleField]:
        """Its fields by the name that people write."""
        return fields_of(cast(Any, cls))

    def written(self) -> dict[str, str]:
        """Its limits and times as people write them; those that it has."""
        values = {name: (f, getattr(self, f.attribute)) for name, f in self.fields().items()}
        return {
            name: field.write(value)
            for name, (field, value) in values.items()
            if field.may_change and value is not UNSET and (value or name == self.limit)
        }
