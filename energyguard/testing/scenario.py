"""Scenarios: what devices send, which rules run, and what people must see when.

    day 2025-09-06
    rule household-prod
    load 15s  H001  energy_kwh  from 17:00  0.05 x 60  0.01 x 120
    load 15s  H002  energy_kwh  from 17:00  0.01 x 180
    at 17:11  expect firing    H001  observed > 2.0
    at 17:40  expect resolved  H001
    at 17:40  expect 0 late
    never     firing   H002

Times are UTC. The values of a ``load`` follow each other, a step apart:

    0.05 x 60       the value 0.05 sixty times
    100+0.2 x 60    a counter: 100, 100.2, 100.4, …
    _ x 4           four readings that never came
    delayed 20m     at the end: each arrives so much later than its time; a negative one is
                    of a clock that is ahead
    reversed        at the end: the newest arrives first, all in one delivery, at their end

Other lines: ``day DATE`` (of the times below it), ``topic NAME`` (where the loads below it go),
``rule ID …`` (those that run), ``rules FILE`` (a file of rules beside the scenario), ``lateness
DURATION``. ``expect`` takes a state (``pending``, ``firing``, ``resolved``, ``unknown``), ``no
alert``, or a count of readings by verdict (``expect 3 late``). ``#`` begins a comment.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time
from itertools import chain, repeat
from pathlib import Path

from energyguard.errors import ConfigError
from energyguard.model.alerts import State
from energyguard.model.channels import CHANNELS
from energyguard.model.days import ms_of
from energyguard.model.quantities import parse_duration, to_nano
from energyguard.model.readings import Verdict
from energyguard.model.topics import DAY_MS, ENERGY_READINGS

_VALUES = re.compile(r"(\S+?) x (\d+)(?=\s|$)")
_SUM = re.compile(r"(-?[\d.]+)([+-][\d.]+)")
_LOAD = re.compile(r"(\S+)\s+(\S+)\s+(\S+)\s+from\s+(\S+)\s+(.+)")
_EXPECT = re.compile(
    r"(\S+)\s+expect\s+(?:(?P<count>\d+)\s+(?P<verdict>\S+)"
    r"|no\s+alert\s+(?P<calm>\S+)"
    r"|(?P<state>\S+)\s+(?P<device>\S+)(?:\s+observed\s+(?P<sign>[<>]=?|=)\s+(?P<level>\S+))?)"
)
_NEVER = re.compile(r"(\S+)\s+(\S+)")
STATES = (State.PENDING, State.FIRING, State.RESOLVED, State.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Arrival:
    """A reading, and when it arrives (ms since 1970 UTC)."""

    arrives_ms: int
    topic: str
    device: str
    channel: str
    time_ms: int
    value: int  # 1e-9 of the channel's unit


@dataclass(frozen=True, slots=True)
class Expectation:
    """What must be so at a time; ``at_ms`` None: at no time may the device have this state."""

    line: int
    text: str
    at_ms: int | None
    device: str = ""
    state: State | None = None  # None with a device: no alert is open
    verdict: Verdict | None = None
    count: int = 0
    sign: str = ""
    level: int = 0  # 1e-9 of the alert's unit


@dataclass(frozen=True, slots=True)
class Scenario:
    """What is sent, in order of arrival, and what is expected, in order of time."""

    name: str
    sent: tuple[Arrival, ...] = ()
    expectations: tuple[Expectation, ...] = ()
    rules: tuple[str, ...] = ()
    rule_files: tuple[Path, ...] = ()
    lateness: str = "10m"


@dataclass(slots=True)
class ScenarioReader:
    """A scenario as far as it is read."""

    scenario: Scenario
    folder: Path
    day: date = date(2025, 1, 1)
    topic: str = ENERGY_READINGS.name
    line: int = 0
    text: str = ""
    faults: list[str] = field(default_factory=list)

    def take(self, number: int, text: str) -> None:
        """Take a line; a fault in it is kept with its place."""
        self.line, self.text = number, text
        verb, _, rest = text.partition(" ")
        try:
            if verb not in _VERBS:
                raise ValueError(f"no line begins with {verb!r}; there are: {', '.join(_VERBS)}")
            _VERBS[verb](self, rest.strip())
        except ValueError as error:
            self.faults.append(f"{self.scenario.name}:{number}: {error}")

    def _on_day(self, text: str) -> None:
        self.day = date.fromisoformat(text)

    def _into(self, text: str) -> None:
        self.topic = text

    def _use_rules(self, text: str) -> None:
        self.scenario = replace(self.scenario, rules=(*self.scenario.rules, *text.split()))

    def _use_file(self, text: str) -> None:
        files = (*self.scenario.rule_files, self.folder / text)
        self.scenario = replace(self.scenario, rule_files=files)

    def _wait(self, text: str) -> None:
        parse_duration(text)
        self.scenario = replace(self.scenario, lateness=text)

    def _load(self, text: str) -> None:
        found = _LOAD.fullmatch(text)
        if found is None:
            raise ValueError("write it as: load 15s DEVICE CHANNEL from 17:00 0.05 x 60")
        step, device, channel, start, rest = found.groups()
        if channel not in CHANNELS:
            raise ValueError(f"no channel {channel!r}; there are: {', '.join(CHANNELS)}")
        step_ms, from_ms = parse_duration(step), self._time(start)
        values = list(chain.from_iterable(_series(*run) for run in _VALUES.findall(rest)))
        how = _VALUES.sub("", rest).split()
        readings = [
            Arrival(time_ms, self.topic, device, channel, time_ms, to_nano(value))
            for i, value in enumerate(values)
            if value is not None
            for time_ms in (from_ms + i * step_ms,)
        ]
        if not readings:
            raise ValueError("no values; write them as 0.05 x 60")
        arrived = (*self.scenario.sent, *_arriving(readings, how))
        self.scenario = replace(self.scenario, sent=arrived)

    def _expect(self, text: str) -> None:
        found = _EXPECT.fullmatch(text)
        if found is None:
            raise ValueError(
                "write it as: at 17:11 expect firing DEVICE [observed > 2.0],"
                " expect no alert DEVICE, or expect 3 late"
            )
        made = Expectation(self.line, self.text, self._time(found[1]))
        if found["verdict"]:
            verdict = Verdict(found["verdict"])
            made = replace(made, verdict=verdict, count=int(found["count"]))
        elif found["calm"]:
            made = replace(made, device=found["calm"])
        else:
            level = to_nano(found["level"] or "0")
            made = replace(
                made,
                state=_state(found["state"]),
                device=found["device"],
                sign=found["sign"] or "",
                level=level,
            )
        self._add(made)

    def _never(self, text: str) -> None:
        found = _NEVER.fullmatch(text)
        if found is None:
            raise ValueError("write it as: never firing DEVICE")
        made = Expectation(self.line, self.text, None, found[2], _state(found[1]))
        self._add(made)

    def _time(self, text: str) -> int:
        """A time of the day, or whole, in ms since 1970 UTC; 24:00 and later are days after."""
        if "T" in text:
            whole = datetime.fromisoformat(text)
            return ms_of(whole.replace(tzinfo=whole.tzinfo or UTC))
        hours, _, rest = text.partition(":")
        days, hour = divmod(int(hours), 24)
        at = time.fromisoformat(f"{hour:02d}:{rest}")
        moment = datetime.combine(self.day, at, UTC)
        return ms_of(moment) + days * DAY_MS

    def _add(self, made: Expectation) -> None:
        self.scenario = replace(self.scenario, expectations=(*self.scenario.expectations, made))


_VERBS: Mapping[str, Callable[[ScenarioReader, str], None]] = {
    "day": ScenarioReader._on_day,
    "topic": ScenarioReader._into,
    "rule": ScenarioReader._use_rules,
    "rules": ScenarioReader._use_file,
    "lateness": ScenarioReader._wait,
    "load": ScenarioReader._load,
    "at": ScenarioReader._expect,
    "never": ScenarioReader._never,
}


def read_scenario(path: Path) -> Scenario:
    """Read a file that holds a scenario.

    Raises:
        ConfigError: it cannot be read, or some lines are wrong: each with its place and reason.
    """
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from error
    reader = ScenarioReader(Scenario(str(path)), path.parent)
    for number, line in enumerate(text.splitlines(), 1):
        if bare := " ".join(line.partition("#")[0].split()):
            reader.take(number, bare)
    if not reader.faults and not reader.scenario.expectations:
        reader.faults.append(f"{path}: nothing is expected: add a line with at, or with never")
    if reader.faults:
        raise ConfigError(*reader.faults)
    sent = sorted(reader.scenario.sent, key=lambda reading: reading.arrives_ms)  # stable
    last = max((reading.arrives_ms for reading in sent), default=0)
    expectations = sorted(reader.scenario.expectations, key=lambda e: e.at_ms or last)
    return replace(reader.scenario, sent=tuple(sent), expectations=tuple(expectations))


def _series(value: str, count: str) -> list[str | None]:
    """The values of ``VALUE x COUNT``, as text; None: the reading never came."""
    if value == "_":
        return list(repeat(None, int(count)))
    if (counter := _SUM.fullmatch(value)) is None:
        to_nano(value)
        return list(repeat(value, int(count)))
    begin, step = to_nano(counter[1]), to_nano(counter[2])
    return [f"{begin + i * step}e-9" for i in range(int(count))]


def _arriving(readings: list[Arrival], how: list[str]) -> list[Arrival]:
    """Readings in the order in which they arrive.

    Raises:
        ValueError: ``how`` is neither empty, ``delayed DURATION`` nor ``reversed``.
    """
    if how == ["reversed"]:
        end_ms = readings[-1].arrives_ms
        return [replace(reading, arrives_ms=end_ms) for reading in reversed(readings)]
    if len(how) == 2 and how[0] == "delayed":
        sign = -1 if how[1].startswith("-") else 1
        delay_ms = sign * parse_duration(how[1].removeprefix("-"))
        return [replace(r, arrives_ms=r.arrives_ms + delay_ms) for r in readings]
    if how:
        raise ValueError(f"{' '.join(how)!r} is no values, no `delayed 20m`, and not `reversed`")
    return readings


def _state(text: str) -> State:
    if text not in STATES:
        raise ValueError(f"no state {text!r}; there are: {', '.join(STATES)}")
    return State(text)
