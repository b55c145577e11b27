"""What codes of OBIS mean, as meters of electricity use them (IEC 62056-61): one table.

    1.8.0, 2.8.0             energy_register_kwh of NAME, of NAME/export
    1.8.1, 1.8.2, 2.8.1 …    the same of NAME/t1, NAME/t2, NAME/export/t1 …: a register a tariff
    1.7.0, 2.7.0, 16.7.0     power_kw of whom its register is
    32.7.0, 31.7.0 …         voltage_v, current_a of NAME/l1

Energy is counted once. A device's energy is that of its register, so a power stands where the
register stands that counts it; where a meter sends a total beside its tariffs, only the total is
taken. Powers of phases have no register and would count once more: only a mapping takes them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from typing import Final, NamedTuple

from energyguard.codecs.columns import sixty_fourth
from energyguard.dialects.names import NotPlaced, Placed, ValueName, placed
from energyguard.dialects.rows import NamedValue
from energyguard.files.values.words import ENERGY, POWER, REGISTER, unit_named
from energyguard.model.channels import FED_IN

SKIPPED: Final = NotPlaced("", skipped=True)
"""Of a value that is left out on purpose: its page says why, a mapping may take it."""
_WAYS: Final = {"1": "", "2": FED_IN}
"""Energies and powers: which way they go, and below which device they stand."""
_NET: Final = "16.7.0"
_LEVELS: Final[Mapping[str, tuple[str, str]]] = {
    "12.7.0": ("voltage_v", ""),
    "11.7.0": ("current_a", ""),
    **{f"{base + 20 * phase}.7.0": (channel, f"l{phase}")
       for base, channel in ((12, "voltage_v"), (11, "current_a")) for phase in (1, 2, 3)},
}  # fmt: skip
"""Levels: the channel of each, and below which device they stand."""


class ObisValue(NamedTuple):
    """A value as a meter sends it.

    Attributes:
        code: ``1.8.0``; empty: it is none of electricity, and of now.
        name: what the meter calls it: ``1-0:1.8.0``.
        number: None: what stands there is none.
        unit: ``kWh``.
        time_ms: where it has a time of its own.
    """

    code: str
    name: str
    number: float | None
    unit: str
    time_ms: int | None = None


class Meter(NamedTuple):
    """A meter as one telegram shows it.

    Attributes:
        device: what it is called.
        codes: what it sends.
        time_ms: ms since 1970 UTC.
        tariff: the tariff that counts now: ``1``; empty: it does not say.
    """

    device: str
    codes: Set[str]
    time_ms: int
    tariff: str = ""


def named_values(values: Mapping[str, ObisValue], meter: Meter) -> Iterator[NamedValue]:
    """What the values of a telegram are: by what each is called, and where it belongs.

    Args:
        values: by their names.
        meter: whose they are.
    """
    for value in values.values():
        name = ValueName(value.name, meter.device, value.unit)
        time_ms = meter.time_ms if value.time_ms is None else value.time_ms
        place = _place(value, meter)
        if value.number is None:
            if place is not SKIPPED:
                yield NamedValue(name, time_ms, 0.0, NotPlaced(f"{value.name} is no number"))
            continue
        yield NamedValue(name, time_ms, value.number, place)
        if value.code in ("1.7.0", "2.7.0") and isinstance(place, Placed):
            yield from _idle(value, meter, time_ms, place)


def _place(value: ObisValue, meter: Meter) -> Placed | NotPlaced:
    """Where a value belongs."""
    if value.code in _LEVELS:
        channel, below = _LEVELS[value.code]
        return _at(value, meter, channel, below)
    way, kind, tariff = [*value.code.split("."), "", ""][:3]
    if kind == "8" and way in _WAYS and tariff:
        if tariff == "0":
            return _at(value, meter, REGISTER, _WAYS[way])
        if f"{way}.8.0" in meter.codes:
            return SKIPPED
        return _at(value, meter, REGISTER, _below(_WAYS[way], f"t{tariff}"))
    if value.code in ("1.7.0", "2.7.0"):
        return _power(value, meter, way)
    if value.code == _NET and "1.7.0" not in meter.codes:
        return _power(value, meter, "1")
    return SKIPPED


def _power(value: ObisValue, meter: Meter, way: str) -> Placed | NotPlaced:
    """A power: where the register stands that counts it."""
    if f"{way}.8.0" in meter.codes or not _tariffs(meter, way):
        return _at(value, meter, POWER, _WAYS[way])
    if meter.tariff not in _tariffs(meter, way):
        return SKIPPED
    return _at(value, meter, POWER, _below(_WAYS[way], f"t{meter.tariff}"))


def _idle(value: ObisValue, meter: Meter, time_ms: int, place: Placed) -> Iterator[NamedValue]:
    """The powers of the tariffs that do not count now: they are 0, not what they were last."""
    way = value.code[0]
    if f"{way}.8.0" in meter.codes:
        return
    for tariff in _tariffs(meter, way):
        if tariff == meter.tariff:
            continue
        name = ValueName(f"{value.name} t{tariff}", meter.device, value.unit)
        at = _at(value, meter, place.channel, _below(_WAYS[way], f"t{tariff}"))
        yield NamedValue(name, time_ms, 0.0, at)


def _tariffs(meter: Meter, way: str) -> list[str]:
    """The tariffs of which a meter sends a register."""
    start = f"{way}.8."
    return sorted(
        code[4:] for code in meter.codes if code.startswith(start) and code != f"{start}0"
    )


def _at(value: ObisValue, meter: Meter, channel: str, below: str) -> Placed | NotPlaced:
    unit = unit_named(value.unit) if value.unit else None
    if unit is None or unit.channel != (ENERGY if channel == REGISTER else channel):
        return NotPlaced(f"{value.name} has the unit {sixty_fourth(value.unit)}")
    sign = -1 if channel == POWER and below.startswith(FED_IN) else 1
    return placed(_below(meter.device, below), channel, sign * unit.times, unit.per)


def _below(device: str, below: str) -> str:
    return "/".join(part for part in (device, below) if part)
