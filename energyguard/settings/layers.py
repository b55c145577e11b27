"""How the settings tree is put together, layer over layer, with every fault at once.

Defaults < ``energyguard.toml`` < older systems' variables (``old_names.py``) < ``ENERGYGUARD_…`` <
``--set a.b=c``. Each value remembers where it came from: ``config show --origin``.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_origin

from pydantic import ValidationError
from pydantic.fields import FieldInfo

from energyguard.errors import ConfigError
from energyguard.settings.shown import shown
from energyguard.settings.toml import read_toml
from energyguard.settings.tree import Settings, fields

FILE = "energyguard.toml"
PREFIX = "ENERGYGUARD_"
NOT_SETTINGS = frozenset(
    {
        "ENERGYGUARD_CONFIG",
        "ENERGYGUARD_DEBUG",
        "ENERGYGUARD_STORE_SECRET",
        "ENERGYGUARD_TOKEN",
        "ENERGYGUARD_URL",
    }
)


@dataclass(frozen=True, slots=True)
class Loaded:
    """The settings, and where each that is not a default came from (``serve.port`` -> place)."""

    settings: Settings
    origins: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Given:
    """A value that somebody gave, and where."""

    name: str  # "serve.port", which may or may not be a setting
    value: Any
    place: str


def load(
    set_: Sequence[str] = (),
    environ: Mapping[str, str] = os.environ,
    cwd: Path | None = None,
) -> Loaded:
    """Put the settings together: defaults < file < older systems' variables < ours < ``--set``.

    Args:
        set_: texts such as ``serve.port=8500``.
        environ: the variables.
        cwd: where ``energyguard.toml`` is looked for, unless ``ENERGYGUARD_CONFIG`` names one.

    Raises:
        ConfigError: every fault, each with its place.
    """
    from energyguard.settings.old_names import apply

    known = dict(fields())
    overrides, faults = apply(environ)
    given = [
        *_from_file(environ, cwd or Path.cwd(), known, faults),
        *(_Given(name, value, "an older system's variables") for name, value in overrides.items()),
        *_from_environment(environ, known),
        *_from_options(set_, faults),
    ]
    tree: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for option in given:
        if option.name not in known:
            faults.append(f"{option.place}: no setting {option.name!r}{_near(option.name, known)}")
            continue
        origins[option.name] = option.place
        section, _, leaf = option.name.rpartition(".")
        branch = tree.setdefault(section, {}) if section else tree
        branch[leaf] = _listed(known[option.name], option.value)
    try:
        settings = Settings.model_validate(tree)
    except ValidationError as error:
        faults += [_fault(dict(row), origins) for row in error.errors()]
    if faults:
        raise ConfigError(*faults)
    return Loaded(settings, origins)


def _from_file(
    environ: Mapping[str, str], cwd: Path, known: Mapping[str, FieldInfo], faults: list[str]
) -> list[_Given]:
    named = environ.get("ENERGYGUARD_CONFIG")
    path = Path(named) if named else cwd / FILE
    if not named and not path.exists():
        return []
    try:
        text, table = read_toml(path)
    except ConfigError as error:
        faults.extend(error.faults)
    else:
        given = _flat(table, known)
        return [_Given(name, value, f"{path}:{_line(text, name)}") for name, value in given]
    return []


def _flat(
    table: Mapping[str, Any], known: Mapping[str, FieldInfo], prefix: str = ""
) -> Iterator[tuple[str, Any]]:
    """Values by their dotted names; what is a setting stays whole where it is a table, too."""
    for key, value in table.items():
        name = prefix + key
        if isinstance(value, dict) and name not in known:
            yield from _flat(value, known, f"{name}.")
        else:
            yield name, value


def _line(text: str, name: str) -> int:
    """The line of a TOML text on which a dotted name gets its value, or its table begins."""
    section = ""
    for number, row in enumerate(text.splitlines(), 1):
        if header := re.match(r"\s*\[([\w.\s-]+)\]", row):
            section = header[1].replace(" ", "") + "."
            if section == f"{name}.":
                return number
        elif (key := re.match(r"\s*([\w.-]+)\s*=", row)) and name.startswith(section + key[1]):
            return number
    return 1


def _from_environment(
    environ: Mapping[str, str], known: Mapping[str, FieldInfo]
) -> Iterator[_Given]:
    """``ENERGYGUARD_SERVE__PORT`` or ``ENERGYGUARD_SERVE_PORT``."""
    names = {PREFIX + name.upper().replace(".", dot): name for name in known for dot in ("_", "__")}
    for variable, value in environ.items():
        if variable.startswith(PREFIX) and variable not in NOT_SETTINGS:
            spelled = variable.removeprefix(PREFIX).lower().replace("__", ".")
            yield _Given(names.get(variable, spelled), value, variable)


def _from_options(texts: Sequence[str], faults: list[str]) -> Iterator[_Given]:
    for text in texts:
        name, equals, value = text.partition("=")
        place = f"--set {shown(text)}"
        if equals:
            yield _Given(name.strip(), value, place)
        else:
            faults.append(f"{place}: write it as name=value, such as serve.port=8500")


def _listed(field: FieldInfo, value: Any) -> Any:
    """Text for a setting that holds several is a list with commas, of ``name=value`` where each
    has a name; empty text is no path.
    """
    if not isinstance(value, str):
        return value
    kind = get_origin(field.annotation)
    if kind in (tuple, dict):
        parts = [part.strip() for part in value.split(",") if part.strip()]
        return parts if kind is tuple else dict(part.partition("=")[::2] for part in parts)
    return None if value == "" and field.default is None else value


def _near(name: str, known: Mapping[str, FieldInfo]) -> str:
    near = difflib.get_close_matches(name, known, 1, 0.5)
    return f"; did you mean {near[0]!r}?" if near else "; `energyguard config show` lists all"


def _fault(row: Mapping[str, Any], origins: Mapping[str, str]) -> str:
    """A validation error as ``place: name: reason``; of a whole section the place of its first."""
    name = ".".join(part for part in row["loc"] if isinstance(part, str))
    inside = (at for option, at in origins.items() if f"{name}.".startswith(f"{option}."))
    parts = (at for option, at in origins.items() if option.startswith(f"{name}."))
    place = next(inside, None) or next(parts, "settings")
    reason = row["msg"].removeprefix("Value error, ")
    return f"{place}: {name}: {reason} (not {shown({name: row['input']})[name]!r})"
