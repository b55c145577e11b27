"""System E's ``config.ini``: what to simulate, from when on, and for whom.

    [Sim]
    start = 2019-12-24 00:00:00
    end = 3600
    household_data_dir = data/testing
    step = 2

    [Server]
    kafka_address = localhost:9092
    cloud_node_address = tcp://localhost:37329

``end`` is a time, or seconds after ``start``. ``step`` is ours: seconds between two steps. A folder
is looked for beside the file, then where the program runs. The sections' names and the keys' cases
do not matter; ``data``, ``data_dir``, ``data_folder``, ``step_size``, ``kafka``, ``cloud_address``
and ``cloud`` mean the same as theirs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from configparser import ConfigParser
from configparser import Error as ParserError
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from energyguard.codecs.columns import tidy_event_time
from energyguard.errors import ConfigError, NotFound

KEYS: Mapping[str, str] = {
    "start": "start",
    "end": "end",
    "household_data_dir": "data",
    "data_dir": "data",
    "data_folder": "data",
    "data": "data",
    "step": "step",
    "step_size": "step",
    "kafka_address": "kafka",
    "kafka": "kafka",
    "cloud_node_address": "cloud",
    "cloud_address": "cloud",
    "cloud": "cloud",
}
"""What keys mean."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemEConfig:
    """What a ``config.ini`` says; None, or empty: nothing.

    Attributes:
        start_ms: when the simulation begins, ms since 1970 UTC.
        end_ms: when it ends.
        for_s: how many seconds it takes, where it says that instead.
        data: the folder of the files.
        step_s: seconds between two steps.
        kafka: ``host:port``, or several.
        cloud: where the edge finds the cloud.
        unknown: keys that mean nothing to us, with their section.
    """

    start_ms: int | None = None
    end_ms: int | None = None
    for_s: int | None = None
    data: Path | None = None
    step_s: int | None = None
    kafka: str = ""
    cloud: str = ""
    unknown: tuple[str, ...] = ()


def read_config(path: Path) -> SystemEConfig:
    """Read a ``config.ini``.

    Raises:
        NotFound: there is no such file.
        ConfigError: it cannot be read; every fault with its key.
    """
    parser = ConfigParser(interpolation=None)
    try:
        parser.read_string(path.read_text("utf-8-sig"), str(path))
    except OSError as error:
        raise NotFound.file(path, error) from error
    except (ParserError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: {' '.join(str(error).split())}") from error
    given: dict[str, str] = {}
    unknown, faults, found = [], [], {}
    for section in parser.sections():
        for key, value in parser.items(section):
            if key in KEYS:
                given[KEYS[key]] = value.strip().strip("\"'")
            else:
                unknown.append(f"[{section}] {key}")
    for name, text in given.items():
        try:
            found.update(_READ[name](text, path))
        except ValueError as error:
            faults.append(f"{path}: {name} = {text}: {error}")
    if faults:
        raise ConfigError(*faults)
    return SystemEConfig(**found, unknown=tuple(unknown))


def moment(given: str | int) -> int:
    """A time in ms since 1970 UTC: UTC, where it says no offset; a day is its beginning.

    Numbers below twelve digits are none: they are seconds, or were meant to be something else.

    Raises:
        ValueError: it is none.
    """
    text = str(given).strip()
    found = tidy_event_time(f"{text} 00:00" if len(text) == len("2019-12-24") else text)
    if not found.isdecimal() or len(found) < len("946684800000"):
        raise ValueError("no time such as 2019-12-24 00:00:00")
    return int(found)


def span_end(text: str) -> dict[str, int]:
    """An end: ``for_s``, of whole seconds after the start, or ``end_ms``, of a time.

    Raises:
        ValueError: it is neither.
    """
    if text.strip().isdecimal() and len(text.strip()) < len("946684800000"):
        return {"for_s": int(text)}
    try:
        return {"end_ms": moment(text)}
    except ValueError:
        raise ValueError("neither seconds after the start, nor a time") from None


def _folder(text: str, path: Path) -> Path:
    beside = path.parent / text
    return beside if beside.is_dir() else Path(text)


def _seconds(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise ValueError("no whole number of seconds")
    return int(text)


_READ: Mapping[str, Callable[[str, Path], dict[str, Any]]] = {
    "start": lambda text, _: {"start_ms": moment(text)},
    "end": lambda text, _: span_end(text),
    "data": lambda text, path: {"data": _folder(text, path)},
    "step": lambda text, _: {"step_s": _seconds(text)},
    "kafka": lambda text, _: {"kafka": text.removeprefix("kafka://")},
    "cloud": lambda text, _: {"cloud": text},
}
