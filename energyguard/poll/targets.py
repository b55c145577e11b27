"""Which devices are asked: a file of TOML.

[[target]]
name = "cellar/boiler"           # the device
kind = "shelly"
address = "http://10.0.0.21"     # tcp://HOST:502 of Modbus
period = "10 s"                  # optional: how often
timeout = "5 s"                  # optional: for one answer; a minute where telegrams come
user = "admin"                   # optional: with a password
password_file = "boiler.secret"  # optional: as all files here, from the folder of this one
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit

import msgspec

from energyguard.codecs.columns import DEVICE
from energyguard.errors import ConfigError, Malformed
from energyguard.model.quantities import parse_duration
from energyguard.poll.registry import KINDS
from energyguard.poll.source import PollKind, PollTarget
from energyguard.settings.toml import TomlTable, tables_in

MAX_TARGETS: Final = 2_000
MIN_PERIOD_MS: Final = 1_000
TIMEOUT: Final = "5 s"
LISTEN_TIMEOUT: Final = "1 minute"
"""Where a device sends of itself: as seldom as meters do."""
_Text = Annotated[str, msgspec.Meta(min_length=1)]


class TargetRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A target as a file has it."""

    name: _Text
    kind: _Text
    address: _Text
    period: str = "10 s"
    timeout: str = ""
    user: str = ""
    password_file: str = ""
    ca_file: str = ""
    unit: Annotated[int, msgspec.Meta(ge=0, le=255)] = 1
    registers: str = ""
    mapping: str = ""
    sign: Literal["import", "export"] = "import"


def read_targets(path: Path) -> list[PollTarget]:
    """The targets of a file.

    Raises:
        ConfigError: with every fault of the file, and of those that it names, as
            ``file:line: reason``.
    """
    found: dict[str, PollTarget] = {}
    faults: list[str] = []
    tables = tables_in(path, "target")
    if len(tables) > MAX_TARGETS:
        raise ConfigError(f"{path}:1: {len(tables):,} targets; there may be {MAX_TARGETS:,}")
    for table in tables:
        try:
            target = _target(table)
            if target.name in found:
                raise ConfigError(table.fault(f"{target.name!r} stands here twice", "name"))
            found[target.name] = target
        except ConfigError as error:
            faults += error.faults
    if faults:
        raise ConfigError(*faults)
    return list(found.values())


def _target(table: TomlTable) -> PollTarget:
    """A target of a file.

    Raises:
        ConfigError: every fault that one has of whom the kind is known.
    """
    row = table.read_as(TargetRow)
    kind = KINDS.get(row.kind)
    if kind is None:
        raise ConfigError(
            table.fault(f"there is no kind {row.kind!r}; there are: {', '.join(KINDS)}", "kind")
        )
    if faults := list(_faults(table, row, kind)):
        raise ConfigError(*faults)
    folder = table.path.parent

    def beside(name: str) -> Path | None:
        return folder / name if name else None

    target = PollTarget(
        name=row.name,
        kind=row.kind,
        address=row.address.rstrip("/"),
        period_s=parse_duration(row.period) / 1000,
        timeout_s=parse_duration(_timeout(row, kind)) / 1000,
        user=row.user,
        password_file=beside(row.password_file),
        ca_file=beside(row.ca_file),
        unit=row.unit,
        registers=beside(row.registers),
        mapping=beside(row.mapping),
        is_export=row.sign == "export",
    )
    try:
        kind.check(target)
    except Malformed as error:
        raise ConfigError(table.fault(error.reason, error.field or "")) from None
    return target


def _faults(table: TomlTable, row: TargetRow, kind: PollKind) -> Iterator[str]:
    """What is wrong with a target."""
    durations = dict[str, int]()
    if not re.fullmatch(DEVICE.pattern, row.name):
        yield table.fault(f"name is not {DEVICE.wanted}", "name")
    for field, text in (("period", row.period), ("timeout", _timeout(row, kind))):
        try:
            durations[field] = parse_duration(text)
        except ValueError as error:
            yield table.fault(f"{field}: {error}", field)
    if durations.get("period", MIN_PERIOD_MS) < MIN_PERIOD_MS:
        yield table.fault("period: a device is asked once a second at most", "period")
    if durations.get("timeout", 1) < 1:
        yield table.fault("timeout: there is no time for an answer", "timeout")
    for field in ("unit", "registers", "mapping", "sign", "user", "password_file", "ca_file"):
        if field in table.given and field not in kind.options:
            yield table.fault(f"{field} is no option of {row.kind}", field)
    for field in kind.required:
        if field not in table.given:
            yield table.fault(f"{row.kind} needs {field}")
    if reason := address_fault(row.address, kind):
        yield table.fault(reason, "address")
    if row.password_file and not row.user and kind.needs_user:
        yield table.fault("password_file: whose? name the user", "password_file")


def _timeout(row: TargetRow, kind: PollKind) -> str:
    return row.timeout or (LISTEN_TIMEOUT if kind.listens else TIMEOUT)


def address_fault(address: str, kind: PollKind) -> str:
    """Why an address cannot be asked; empty: it can."""
    port = ":PORT" if kind.listens else ""
    wanted = " or ".join(f"{scheme}://HOST{port}" for scheme in kind.schemes)
    try:
        parts = urlsplit(address)
        has_port = parts.port is not None or not kind.listens
        if parts.scheme not in kind.schemes or not (parts.hostname and has_port):
            return f"address: not {wanted}"
    except ValueError as error:
        return f"address: {error}; write {wanted}"
    if parts.username is not None or parts.password is not None:
        return "address: a password does not stand here; name user and password_file"
    return "" if not parts.fragment else "address: it has a # part, which no device sees"
