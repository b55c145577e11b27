"""Mappings: what a user says of names that senders use, in TOML. The first that fits counts.

[[value]]
name = "solar.*.ac"              # as the sender has it; * is anything
dialect = "influx"               # optional: of this dialect alone
labels = { room = "attic*" }     # optional: these labels must be so
device = "{room}/{serial}"       # optional: of labels; else as the dialect has it
channel = "power_kw"
unit = "W"                       # optional: as it is sent; else the channel's own
scale = "0.1"                    # optional: what is sent times this is in that unit
sign = "export"                  # optional: fed in, so below 0

[[value]]
name = "go_*"
skip = true                      # left out on purpose: it is not refused
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from fnmatch import fnmatchcase
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from energyguard.clock import SYSTEM, Clock
from energyguard.codecs.columns import sixty_fourth
from energyguard.dialects.names import (
    NotPlaced,
    Placed,
    ValueName,
    device_in_labels,
    place_by_name,
    placed,
)
from energyguard.errors import ConfigError
from energyguard.files.values.words import ENERGY, REGISTER, Unit, unit_named
from energyguard.model.channels import CHANNELS, Kind
from energyguard.settings.toml import tables_in
from energyguard.telemetry import logger

LONG_NAME = 1_024
"""Characters of a name and its labels; longer ones are not remembered."""
_KEPT = 200_000
"""Series of a dialect that are remembered; beyond, all are forgotten."""
_log = logger(__name__)
_LOOK_S, _REST_MS = 1.0, 1_000
_Stamp = tuple[int, int, int]
_PLACE = re.compile(r"\{([^{}]*)\}")
_MAX_SCALE, _MIN_SCALE = Decimal(10) ** 9, Decimal(10) ** -9


class MappingRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What values of some name are: one ``[[value]]`` of a mapping."""

    name: Annotated[str, msgspec.Meta(min_length=1)]
    dialect: str = ""
    labels: dict[str, str] = {}
    device: str = ""
    channel: str = ""
    unit: str = ""
    scale: str = "1"
    sign: Literal["import", "export"] = "import"
    skip: bool = False

    def fits(self, value: ValueName, dialect: str) -> bool:
        """Whether it is about a value of a dialect."""
        labels = value.label
        return (
            self.dialect in ("", dialect)
            and fnmatchcase(value.name, self.name)
            and all(fnmatchcase(labels.get(k, ""), v) for k, v in self.labels.items())
        )

    def place(self, value: ValueName) -> Placed | NotPlaced:
        """Where it says that a value belongs."""
        if self.skip:
            return NotPlaced("", skipped=True)
        labels = {"device": value.device or device_in_labels(value.label), **value.label}
        if missing := [name for name in _PLACE.findall(self.device) if not labels.get(name)]:
            return NotPlaced(f"{sixty_fourth(value.name)}: it has no label {missing[0]!r}")
        device = _PLACE.sub(lambda found: labels[found[1]], self.device or "{device}")
        times, per = self.factor
        return placed(device, self.channel, times, per)

    @property
    def factor(self) -> tuple[int, int]:
        """What is sent times the first over the second is in the channel's unit.

        Raises:
            ValueError: what makes the rule unusable.
        """
        channel = CHANNELS.get(self.channel)
        if channel is None:
            raise ValueError(f"channel {self.channel!r}: there are: {', '.join(CHANNELS)}")
        try:
            scale = Decimal(self.scale)
        except InvalidOperation:
            scale = Decimal(0)
        if not (scale.is_finite() and _MIN_SCALE <= abs(scale) <= _MAX_SCALE):
            raise ValueError(f"scale {self.scale!r} is no number from 1e-9 to 1e9")
        if self.sign == "export" and channel.kind is Kind.REGISTER:
            raise ValueError("a register is never below 0: device = '{device}/export' instead")
        unit = _unit_of(self.unit, self.channel) if self.unit else Unit(self.channel)
        factor = Fraction(scale) * unit.times / unit.per * (-1 if self.sign == "export" else 1)
        times, per = factor.numerator, factor.denominator
        return (times, per) if per == 1 or per % 2 == 0 else (2 * times, 2 * per)


def _unit_of(unit: str, channel: str) -> Unit:
    found = unit_named(unit)
    same = ENERGY if channel == REGISTER else channel
    if found is None or found.channel != same:
        raise ValueError(f"unit {unit!r} is none of {channel}")
    return found


class NameMapping:
    """The rules of all mappings, and the names after them.

    Args:
        rules: in their order.
    """

    def __init__(self, rules: Sequence[MappingRule] = ()) -> None:
        self.rules = tuple(rules)
        self._series: dict[str, dict[object, Placed | NotPlaced]] = {}
        self._remembered = lru_cache(maxsize=65_536)(self._place)

    def place(
        self, value: ValueName, dialect: str, otherwise: Placed | NotPlaced | None = None
    ) -> Placed | NotPlaced:
        """Where a value of a dialect belongs; each is looked at once, unless it is very long.

        Args:
            value: what its sender calls it.
            dialect: of whom.
            otherwise: where it belongs if no rule is about it; None: as its name says.
        """
        if otherwise is not None and not self.rules:
            return otherwise
        size = len(value.name) + sum(len(text) for _, text in value.labels)
        place = self._remembered if size <= LONG_NAME else self._place
        return place(value, dialect, otherwise)

    def series_of(self, dialect: str) -> Mapping[object, Placed | NotPlaced]:
        """Places by what a dialect knows a series by, over all its requests."""
        return self._series.setdefault(dialect, {})

    def remember(self, dialect: str, key: object, found: Placed | NotPlaced, size: int) -> None:
        """Know a series again by a key that has so many characters; very long ones are not kept."""
        known = self._series.setdefault(dialect, {})
        if len(known) >= _KEPT:
            known.clear()
        if size <= LONG_NAME:
            known[key] = found

    def rule_of(self, value: ValueName, dialect: str) -> MappingRule | None:
        """The rule that is about a value; None: none is."""
        return next((rule for rule in self.rules if rule.fits(value, dialect)), None)

    def _place(
        self, value: ValueName, dialect: str, otherwise: Placed | NotPlaced | None
    ) -> Placed | NotPlaced:
        rule = self.rule_of(value, dialect)
        if rule is not None:
            return rule.place(value)
        return place_by_name(value) if otherwise is None else otherwise


class MappingFiles:
    """Files of mappings while they are used: once they have changed, what they say is read again.

    A change counts when it is a second old, so what an editor has written by half is not read. One
    that cannot be used is logged, and what the files said before goes on.

    Args:
        paths: of the files; what the first says goes before.
        clock: of looks, and of how old a change is.

    Raises:
        ConfigError: with every fault as ``file:line: reason``.
    """

    def __init__(self, paths: tuple[Path, ...], clock: Clock = SYSTEM) -> None:
        self._paths, self._clock = paths, clock
        self._stamps, self._looked_s = self._stamps_now(), clock.monotonic()
        self._mapping = _read_all(paths)

    def mapping(self) -> NameMapping:
        """What they say together; looked at once a second at most."""
        now_s = self._clock.monotonic()
        if self._paths and now_s - self._looked_s >= _LOOK_S:
            self._looked_s = now_s
            stamps = self._stamps_now()
            if stamps != self._stamps and self._have_rested(stamps):
                self._stamps = stamps
                self._read_again()
        return self._mapping

    def _read_again(self) -> None:
        try:
            self._mapping = _read_all(self._paths)
        except ConfigError as error:
            _log.warning("a mapping has changed and cannot be used", reason=str(error))
        else:
            _log.info("mappings are read again", files=[str(path) for path in self._paths])

    def _have_rested(self, stamps: list[_Stamp]) -> bool:
        now_ms = self._clock.now_ms()
        return all(abs(now_ms - changed_ns // 1_000_000) >= _REST_MS for changed_ns, *_ in stamps)

    def _stamps_now(self) -> list[_Stamp]:
        return [_stamp(path) for path in self._paths]


def _stamp(path: Path) -> _Stamp:
    try:
        found = path.stat()
    except OSError:
        return 0, 0, 0
    return found.st_mtime_ns, found.st_size, found.st_ino


_files_of = lru_cache(maxsize=16)(MappingFiles)


def mapping_of(files: tuple[Path, ...]) -> NameMapping:
    """What some files of mappings say together, as they are now.

    Raises:
        ConfigError: with every fault as ``file:line: reason``.
    """
    return _files_of(files).mapping()


def _read_all(files: tuple[Path, ...]) -> NameMapping:
    rules: list[MappingRule] = []
    faults: list[str] = []
    for path in files:
        try:
            rules += read_mapping(path)
        except ConfigError as error:
            faults += error.faults
    if faults:
        raise ConfigError(*faults)
    return NameMapping(rules)


def read_mapping(path: Path) -> list[MappingRule]:
    """The rules of a file.

    Raises:
        ConfigError: with every fault of the file as ``file:line: reason``.
    """
    rules: list[MappingRule] = []
    faults: list[str] = []
    for table in tables_in(path, "value"):
        try:
            rule = table.read_as(MappingRule)
            if not rule.skip:
                assert rule.factor
            rules.append(rule)
        except ConfigError as error:
            faults += error.faults
        except ValueError as error:
            faults.append(table.fault(str(error)))
    if faults:
        raise ConfigError(*faults)
    return rules
