"""JSON of any shape, of which a mapping says what counts: what ``POST /mapped`` takes, asked for.

Every number has a name, the fields on the way to it, and as labels what stands beside and around
it. A mapping's device is the target, where it says no other.
"""

from __future__ import annotations

from decimal import Decimal
from math import isfinite
from typing import Final

from energyguard.dialects.mapped import numbers_in
from energyguard.dialects.mapping import NameMapping, read_mapping
from energyguard.dialects.names import ValueName
from energyguard.dialects.rows import json_of
from energyguard.errors import Malformed
from energyguard.mqtt.dialect import NamedPlace, SentValue
from energyguard.poll.http import HttpSource
from energyguard.poll.source import AnswerExample, LeftOut, PollAnswer, PollKind, PollTarget

DIALECT: Final = "mapped"
_MAX_NUMBERS: Final = 10_000


class JsonSource(HttpSource):
    """Asks an address for JSON."""

    def __init__(self, target: PollTarget) -> None:
        super().__init__(target)
        assert target.mapping is not None
        self._mapping = NameMapping(read_mapping(target.mapping))

    async def ask(self) -> PollAnswer:
        """What the mapping names."""
        return _mapped(await self.get(""), self.target.name, self._mapping)


def _mapped(body: bytes, device: str, mapping: NameMapping) -> PollAnswer:
    values, left_out = list[SentValue](), list[LeftOut]()
    for seen, (name, labels, number) in enumerate(numbers_in(json_of(body))):
        if seen >= _MAX_NUMBERS:
            raise Malformed(f"it has more than {_MAX_NUMBERS:,} numbers", "message")
        value = ValueName(name, device, labels=tuple(sorted(labels.items())))
        rule = mapping.rule_of(value, DIALECT)
        if rule is None:
            left_out.append(LeftOut(name, "the mapping does not name it"))
        elif isfinite(number):
            values.append(SentValue(NamedPlace(value, rule.place(value)), Decimal(repr(number))))
    if not values:
        raise Malformed("the mapping takes nothing of it", "message")
    return PollAnswer(values, left_out)


def _check(target: PollTarget) -> None:
    assert target.mapping is not None
    read_mapping(target.mapping)


KIND: Final = PollKind(
    name="json",
    title="JSON, with a mapping",
    about="whatever answers JSON, with a mapping that says what counts",
    open=JsonSource,
    options=frozenset({"user", "password_file", "ca_file", "mapping"}),
    required=("mapping",),
    files={
        "mapping": (
            "mapping.toml",
            '[[value]]\nname = "meters.power"\nchannel = "power_kw"\nunit = "W"\n',
        )
    },
    check=_check,
    example=AnswerExample({"/": b'{"id":"a","meters":[{"place":"attic","power":84.2}]}'}),
)
