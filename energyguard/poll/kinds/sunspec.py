"""SunSpec over Modbus: meters (models 201 to 204, 211 to 214), inverters (101 to 103, 111 to 113).

After github.com/sunspec/models. A device has ``SunS`` at 40000, 50000 or 0, and from there a chain
of models, each with its number and its length. Whole numbers have a scale factor of their own;
where nothing is measured stands a number that says so, and 0 in a register of energy.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from energyguard.errors import Malformed, NotFound, Unavailable
from energyguard.mqtt.dialect import KnownField, SentValue, field_at
from energyguard.poll.modbus import ModbusSource
from energyguard.poll.registers import RegisterSpan, RegisterType, number_in_words
from energyguard.poll.source import LeftOut, PollAnswer, PollKind

_BASES: Final = (40_000, 50_000, 0)
_MARK: Final = [0x5375, 0x6E53]
_END: Final = 0xFFFF
_MAX_MODELS: Final = 64
_SCALES: Final = range(-10, 11)
_NOTHING: Final[dict[RegisterType, int]] = {"i16": -0x8000, "u16": 0xFFFF, "u32": 0}
_WIDE: Final[frozenset[RegisterType]] = frozenset(("u32", "f32"))


@dataclass(frozen=True, slots=True)
class Point:
    """A value of a model: its place after the model's head, and that of its scale factor."""

    name: str
    at: int
    known: KnownField
    scale_at: int | None = None
    type: RegisterType = "f32"


@dataclass(frozen=True, slots=True)
class Model:
    """What is read of a model; ``length`` is the least that one has, ``phases`` that it names."""

    what: str
    length: int
    phases: int
    points: tuple[Point, ...]


_WATTS: Final = KnownField("power_kw", 1_000)
_WATTS_GIVEN: Final = KnownField("power_kw", 1_000, times=-1)
_WATT_HOURS: Final = KnownField("energy_register_kwh", 1_000)
_WATT_HOURS_GIVEN: Final = KnownField("energy_register_kwh", 1_000, below="export")
_CELSIUS: Final = KnownField("temperature_c")


def _phases(
    name: str, at: int, channel: str, step: int, scale_at: int | None, kind: RegisterType
) -> tuple[Point, ...]:
    return tuple(
        Point(
            f"{name}{'ABC'[n]}",
            at + n * step,
            KnownField(channel, below=f"l{n + 1}"),
            scale_at,
            kind,
        )
        for n in range(3)
    )


_METER: Final = (
    Point("W", 16, _WATTS, 20, "i16"),
    Point("TotWhImp", 44, _WATT_HOURS, 52, "u32"),
    Point("TotWhExp", 36, _WATT_HOURS_GIVEN, 52, "u32"),
    *_phases("PhVph", 6, "voltage_v", 1, 13, "i16"),
    *_phases("Aph", 1, "current_a", 1, 4, "i16"),
)
_METER_FLOAT: Final = (
    Point("W", 26, _WATTS),
    Point("TotWhImp", 66, _WATT_HOURS),
    Point("TotWhExp", 58, _WATT_HOURS_GIVEN),
    *_phases("PhVph", 10, "voltage_v", 2, None, "f32"),
    *_phases("Aph", 2, "current_a", 2, None, "f32"),
)
_INVERTER: Final = (
    Point("W", 12, _WATTS_GIVEN, 13, "i16"),
    Point("WH", 22, _WATT_HOURS_GIVEN, 24, "u32"),
    *_phases("PhVph", 8, "voltage_v", 1, 11, "u16"),
    *_phases("Aph", 1, "current_a", 1, 4, "u16"),
    Point("TmpCab", 31, _CELSIUS, 35, "i16"),
)
_INVERTER_FLOAT: Final = (
    Point("W", 20, _WATTS_GIVEN),
    Point("WH", 30, _WATT_HOURS_GIVEN),
    *_phases("PhVph", 14, "voltage_v", 2, None, "f32"),
    *_phases("Aph", 2, "current_a", 2, None, "f32"),
    Point("TmpCab", 38, _CELSIUS),
)
_PHASES: Final = {1: 1, 2: 2, 3: 3, 4: 3}
MODELS: Final = {
    hundreds + kind: Model(what, length, _PHASES[kind], points)
    for hundreds, what, length, kinds, points in (
        (100, "inverter", 50, (1, 2, 3), _INVERTER),
        (110, "inverter", 60, (1, 2, 3), _INVERTER_FLOAT),
        (200, "meter", 105, (1, 2, 3, 4), _METER),
        (210, "meter", 124, (1, 2, 3, 4), _METER_FLOAT),
    )
    for kind in kinds
}
"""By their numbers."""


@dataclass(frozen=True, slots=True)
class FoundModel:
    """A model in a device's chain: where it begins after its head, and whose values it has."""

    at: int
    model: Model
    device: str


class SunSpecSource(ModbusSource):
    """Asks a device for its models; it looks for them once for each connection."""

    _models: list[FoundModel] | None = None

    async def ask(self) -> PollAnswer:
        """Power, registers, voltages, currents and temperature of each meter and inverter."""
        self.begin()
        if self._models is None:
            self._models = _named(self.target.name, await self._chain())
        values, left_out = list[SentValue](), list[LeftOut]()
        for found in self._models:
            words = await self.words(RegisterSpan("holding", found.at, found.model.length))
            for point in _points(found.model, is_turned=self.target.is_export):
                number = _number(words, point)
                if number is None:
                    left_out.append(LeftOut(point.name, "the device does not measure it"))
                else:
                    values.append(
                        SentValue(field_at(found.device, point.name, point.known), number)
                    )
        return PollAnswer(values, left_out)

    async def _chain(self) -> list[tuple[int, Model]]:
        """Where each model that is known begins.

        Raises:
            Unavailable: there is no SunSpec, or no model that is known.
            Malformed: the chain does not end.
        """
        at, numbers, found = await self._base() + len(_MARK), list[int](), list[tuple[int, Model]]()
        for _ in range(_MAX_MODELS):
            number, length = await self.words(RegisterSpan("holding", at, 2))
            if number == _END:
                if not found:
                    listed = ", ".join(map(str, numbers)) or "none"
                    raise Unavailable(f"none of its models is a meter or an inverter: {listed}")
                return found
            model = MODELS.get(number)
            if model is not None and length >= model.length:
                found.append((at + 2, model))
            numbers.append(number)
            at += 2 + length
        raise Malformed(f"its chain has more than {_MAX_MODELS} models", "registers")

    async def _base(self) -> int:
        for base in _BASES:
            try:
                if await self.words(RegisterSpan("holding", base, len(_MARK))) == _MARK:
                    return base
            except NotFound:
                continue
        places = ", ".join(map(str, _BASES))
        raise Unavailable(f"there is no SunSpec at {places}; is `unit` the right one?")


def _named(device: str, found: Sequence[tuple[int, Model]]) -> list[FoundModel]:
    """Models with their devices: the target itself, or, where there are several, below it."""
    if len(found) == 1:
        return [FoundModel(*found[0], device)]
    seen: dict[str, int] = {}
    named = []
    for at, model in found:
        count = seen[model.what] = seen.get(model.what, 0) + 1
        below = model.what if count == 1 else f"{model.what}{count}"
        named.append(FoundModel(at, model, f"{device}/{below}"))
    return named


def _points(model: Model, *, is_turned: bool) -> Iterator[Point]:
    """The points of a model; turned, what a meter counts as drawn is fed in."""
    for point in model.points:
        known = point.known
        if known.below.startswith("l"):
            if int(known.below[1:]) > model.phases:
                continue
            if model.phases == 1:
                known = known._replace(below="")
        elif is_turned and model.what == "meter":
            if known.channel == "power_kw":
                known = known._replace(times=-known.times)
            else:
                known = known._replace(below="" if known.below else "export")
        yield replace(point, known=known)


def _number(words: Sequence[int], point: Point) -> Decimal | None:
    """The value of a point; None: the device has none.

    Raises:
        Malformed: its scale factor cannot be one.
    """
    end = point.at + (2 if point.type in _WIDE else 1)
    number = number_in_words(words[point.at : end], point.type)
    if number is None or number == _NOTHING.get(point.type):
        return None
    if point.scale_at is None:
        return None if number == 0 and point.known.channel == "energy_register_kwh" else number
    scale = number_in_words(words[point.scale_at : point.scale_at + 1], "i16")
    if scale == _NOTHING["i16"]:
        return None
    if scale is None or int(scale) not in _SCALES:
        raise Malformed(f"the scale factor of {point.name} is {scale}", point.name)
    return number.scaleb(int(scale))


KIND: Final = PollKind(
    name="sunspec",
    title="SunSpec, Modbus TCP",
    about="meters and inverters with SunSpec over Modbus TCP",
    open=SunSpecSource,
    schemes=("tcp",),
    options=frozenset({"unit", "sign"}),
)
