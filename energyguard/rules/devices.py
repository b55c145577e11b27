"""Rules that are about some devices only, or that hold some of them to other limits.

A *selector* says which devices a rule is about: ``id=p[1-9]*``, ``site=lindenhof kind=meter``
(``model/selector.py``). *Overrides* say what differs for a device: ``{"p1": {"raise_above":
"9.5"}}``, each field as people write it. A kind has both by being a ``DeviceRule``, a selector
alone by being a ``SelectedRule``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Annotated, Any, ClassVar, Self

from msgspec import UNSET, UnsetType

from energyguard.model.selector import DeviceFacts
from energyguard.model.selector import Selector as DeviceSelector
from energyguard.rules.fields import FieldShape, written
from energyguard.rules.rule import Rule

Facts = Callable[[str], DeviceFacts]
"""Where a device stands, by its id; ``DeviceFacts`` itself knows nothing but the id."""

_parsed = lru_cache(maxsize=1_000)(DeviceSelector.parse)


def _selector(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is no text such as id=p*")
    if not (selector := _parsed(value)).terms:
        raise ValueError("it is empty; write id=p*, site=…, or leave it out")
    return str(selector)


def _overrides(value: Any) -> dict[str, dict[str, str]]:
    if not isinstance(value, dict) or not all(isinstance(v, dict) for v in value.values()):
        raise ValueError("a table for each device is wanted: [rule.devices.NAME]")
    return {
        device: {name: str(text) for name, text in fields.items()}
        for device, fields in value.items()
    }


Selector = Annotated[
    str,
    written(
        "which devices: `id=p*`, `site=lindenhof kind=meter`; default: all",
        _selector,
        str,
        FieldShape.SELECTOR,
        may_go=True,
    ),
]
Overrides = Annotated[
    dict[str, dict[str, str]],
    written("what differs, by device and field", _overrides, shape=FieldShape.OVERRIDES),
]
OF_RULE = frozenset({"selector", "about"})
"""Fields that are a rule's, and no device's."""


class SelectedRule(Rule):
    """A rule with a selector; a kind declares the field, ``UNSET`` by default."""

    __slots__ = ()

    selector: str | UnsetType

    def selects(self, device: str, facts: Facts = DeviceFacts) -> bool:
        """Whether it is about a device; ``facts`` are asked where it looks at more than ids."""
        if self.selector is UNSET:
            return True
        selector = _parsed(self.selector)
        known = DeviceFacts(device) if selector.looks_at_ids_only else facts(device)
        return selector.matches(known)

    @property
    def needs_catalogue(self) -> bool:
        """Whether it looks at more than ids: at where devices stand, what they are."""
        return self.selector is not UNSET and not _parsed(self.selector).looks_at_ids_only

    @property
    def is_uniform(self) -> bool:
        """Whether it is the same for all devices there are."""
        return self.selector is UNSET


class DeviceRule(SelectedRule):
    """A rule with a selector and overrides; a kind declares both fields, ``UNSET`` by default."""

    __slots__ = ()

    shared: ClassVar[frozenset[str]] = frozenset()
    """The fields that are the same for all of its devices."""
    devices: dict[str, dict[str, str]] | UnsetType

    @property
    def overrides(self) -> Mapping[str, Mapping[str, str]]:
        """What differs, by device and field."""
        return {} if self.devices is UNSET else self.devices

    @property
    def is_uniform(self) -> bool:
        """Whether it is the same for all devices there are."""
        return self.selector is UNSET and not self.overrides

    def of(self, device: str) -> Self:
        """The rule as it holds for a device."""
        if not (texts := self.overrides.get(device)):
            return self
        known = self.fields()
        return self.changed(
            {known[name].attribute: known[name].read(text) for name, text in texts.items()}, texts
        )

    def differing(self, device: str, texts: Mapping[str, str]) -> Self:
        """The same with other overrides of a device; without any it has the rule's own again."""
        others = {name: dict(fields) for name, fields in self.overrides.items() if name != device}
        merged = others | ({device: dict(texts)} if texts else {})
        return self.with_fields(devices=dict(sorted(merged.items())) or UNSET)

    def override_faults(self) -> Iterator[str]:
        """What makes overrides unusable, in sentences."""
        fields = self.fields().items()
        same = self.shared | OF_RULE
        known = {n: field for n, field in fields if field.may_change and n not in same}
        for device, texts in self.overrides.items():
            faults = []
            for name, text in texts.items():
                if name not in known:
                    faults.append(f"cannot change {name!r}; can: {', '.join(known)}")
                    continue
                try:
                    known[name].read(text)
                except ValueError as error:
                    faults.append(f"{name}: {error}")
            if not faults:
                faults = self.of(device).with_fields(devices=UNSET).validate()
            yield from (f"{device}: {sentence}" for sentence in faults)
