"""Home Assistant's history: states of entities as they changed; what they are is asked of each."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from datetime import datetime
from typing import Final

import numpy as np

from energyguard.codecs.assembly import PlausibilityLimits
from energyguard.codecs.headers import VALUES
from energyguard.errors import ConfigError
from energyguard.files.collected import CollectedReadings, Series
from energyguard.files.formats import FileFormat, begins_with
from energyguard.files.found import OFFSET, FileAnswers, FileDoubt, FileFinding, FileReadings
from energyguard.files.tables.layout import FED_IN, unit_of_role
from energyguard.files.tables.physics import is_register
from energyguard.files.values.numbers import NO_VALUES
from energyguard.files.values.words import ENERGY, REGISTER, header_of_text

_ROLES: Final = ("energy_register_kwh", "energy_kwh", "power_w", "power_kw", "ignore")
_STATES: Final = frozenset({"on", "off", "home", "not_home", "open", "closed", *NO_VALUES, ""})


class _Entity:
    """The states of an entity: numbers of lines, ms by UTC, texts."""

    def __init__(self) -> None:
        self.rows: list[int] = []
        self.times: list[int] = []
        self.states: list[str] = []


def read_homeassistant(
    data: bytes, name: str, answers: FileAnswers, limits: PlausibilityLimits
) -> FileReadings:
    """Read a file.

    Raises:
        ConfigError: an answer is about no entity of it, or is no role.
    """
    lines = data.decode().split("\n")
    collected = CollectedReadings(limits, lambda row: lines[row - 1].encode())
    entities, empty = _entities(lines, collected)
    findings = [FileFinding("zone", "UTC", OFFSET)]
    if empty:
        why = "the state says so, or is no amount"
        findings.append(FileFinding("without a value", f"{empty:,} lines", why))
    doubts = []
    _check(answers, entities)
    for name_, entity in entities.items():
        series, why = _series(name_, entity, answers.columns.get(name_, ""))
        if series is None and why:
            doubts.append(FileDoubt(why, "--map", _ROLES, name_))
        if series is None:
            continue
        findings.append(FileFinding("values", name_, series.channel))
        for row, time, state in zip(entity.rows, entity.times, entity.states, strict=True):
            collected.add(series, row, [time], [state])
    head = tuple(line[:200] for line in lines[:6])
    return FileReadings(
        "homeassistant", tuple(findings), tuple(doubts), collected.decoded(), True, head
    )


def _entities(lines: Sequence[str], collected: CollectedReadings) -> tuple[dict[str, _Entity], int]:
    """The states of each entity, and how many lines have no amount."""
    entities: dict[str, _Entity] = {}
    empty = 0
    for row, cells in enumerate(csv.reader(lines), 1):
        if row == 1 or not cells or cells[0] == "entity_id":
            continue
        if len(cells) < 3:
            collected.refuse(row, "row", f"{len(cells)} columns instead of 3")
            continue
        entity, state = cells[0].strip(), cells[1].strip()
        if state.lower() in _STATES:
            empty += 1
            continue
        try:
            time = datetime.fromisoformat(cells[2].strip())
            if time.tzinfo is None:
                raise ValueError
        except ValueError:
            collected.refuse(row, "last_changed", f"last_changed is no time: {cells[2][:40]!r}")
            continue
        found = entities.setdefault(entity, _Entity())
        found.rows.append(row)
        found.times.append(round(time.timestamp() * 1_000))
        found.states.append(state)
    return entities, empty


def _check(answers: FileAnswers, entities: dict[str, _Entity]) -> None:
    for column, role in answers.columns.items():
        if column not in entities:
            raise ConfigError(f"--map {column}={role}: no such entity; there are: "
                              f"{', '.join(entities)}")  # fmt: skip
        if role not in (*VALUES, *FED_IN, "ignore"):
            raise ConfigError(f"--map {column}={role}: an entity is one of {', '.join(_ROLES)}")


def _series(name: str, entity: _Entity, role: str) -> tuple[Series | None, str]:
    """What the states of an entity are; None, and the question: nobody says it."""
    if role == "ignore":
        return None, ""
    if role:
        unit, counts = unit_of_role(role)
        is_fed_in = role in FED_IN
        channel = REGISTER if counts == "register" else unit.channel
        device = f"{name}/export" if is_fed_in else name
        return Series(
            device, channel, unit.per, -1 if is_fed_in and counts == "interval" else 1
        ), ""
    named = header_of_text(name.partition(".")[2]).unit
    if named is None:
        return None, f"{name!r} does not say what it is"
    channel = named.channel
    if channel == ENERGY:
        counted = _grows(entity)
        if counted is None:
            return None, f"{name!r} may be energy per interval or a counter that only grows"
        channel = REGISTER if counted else ENERGY
    return Series(name, channel, named.per, named.times), ""


def _grows(entity: _Entity) -> bool | None:
    """Whether the states are those of a register; None: they leave it open."""
    try:
        value = np.array([round(float(state) * 1e6) for state in entity.states], np.int64)
    except (ValueError, OverflowError):
        return None
    return is_register(value, np.array(entity.times, np.int64), np.zeros(len(value), np.int64))[0]


FORMAT: Final = FileFormat(
    name="homeassistant",
    title="Home Assistant, download of the history",
    source="Home Assistant, History, Download data",
    becomes=(
        "what `--map ENTITY=ROLE` says of each entity, or its name ends with (`_kwh`, `_w`), at "
        "`last_changed`, UTC; the device is the entity"
    ),
    left_out="states that are no amounts",
    example=(
        b"entity_id,state,last_changed\n"
        b"sensor.plug_power_w,450.0,2026-03-01T00:00:00.000Z\n"
        b"sensor.plug_power_w,unavailable,2026-03-01T00:01:00.000Z\n"
        b"sensor.plug_power_w,451.5,2026-03-01T00:02:00.000Z\n"
    ),
    recognises=begins_with(r'"?entity_id"?,"?state"?,"?last_(?:changed|updated)"?'),
    read=read_homeassistant,
    answers=FileAnswers(),
)
