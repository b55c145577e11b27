"""What a source of answers is, and what a kind of device is.

A kind is one file in ``kinds/``. It opens a source for a target; the source asks the device and
gives what it says, each value under its sender's name (``SentValue``), without a time: what a
device says when it is asked holds now.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, Protocol

from energyguard.mqtt.dialect import SentValue


@dataclass(frozen=True, slots=True, kw_only=True)
class PollTarget:
    """A device that is asked.

    Attributes:
        name: what it is called.
        kind: which kind it is.
        address: where it is.
        period_s: how often it is asked, s.
        timeout_s: how long one answer may take, s.
        user: as whom it is asked; empty: nobody asks that.
        password_file: has the password; read anew at each connection, never shown.
        ca_file: certificates of the authority that the device's is signed by.
        unit: of Modbus, the device behind an address.
        registers: of Modbus, the map.
        mapping: what JSON of any shape means.
        is_export: what it counts as drawn is fed in.
    """

    name: str
    kind: str
    address: str
    period_s: float = 10.0
    timeout_s: float = 5.0
    user: str = ""
    password_file: Path | None = None
    ca_file: Path | None = None
    unit: int = 1
    registers: Path | None = None
    mapping: Path | None = None
    is_export: bool = False


class LeftOut(NamedTuple):
    """What an answer has that is no value, and why."""

    name: str
    reason: str


class ArrivedTelegram(NamedTuple):
    """A telegram of a meter, whose dialect decodes it, and when it came, ms since 1970."""

    data: bytes
    shape: str
    arrived_ms: int


class PollAnswer(NamedTuple):
    """What a device said.

    Attributes:
        values: what it measures, without a time.
        left_out: what it has besides, as far as that is worth a word.
        telegrams: what it sent of itself since it was asked last.
    """

    values: list[SentValue]
    left_out: list[LeftOut]
    telegrams: Sequence[ArrivedTelegram] = ()


class PollSource(Protocol):
    """Asks one device. After a failure it is closed, and another one is opened."""

    @property
    def original(self) -> bytes:
        """What came last, for dead letters."""

    async def ask(self) -> PollAnswer:
        """What the device says now.

        Raises:
            Unavailable: it does not answer, or not now.
            Malformed: its answer cannot be read.
            ConfigError: a file that it needs cannot be read.
        """

    async def close(self) -> None:
        """Let go of the device."""


@dataclass(frozen=True, slots=True)
class AnswerExample:
    """What a device answers: the bodies by their paths; of Modbus, registers by their address."""

    bodies: dict[str, bytes]


def _sound(_: PollTarget) -> None:
    return


@dataclass(frozen=True, slots=True, kw_only=True)
class PollKind:
    """A kind of device.

    Attributes:
        name: in files of targets.
        title: what people call it.
        about: for people: which devices.
        open: a source for a target.
        schemes: of its addresses.
        options: fields of a target that it has beyond those that all have.
        required: those of them that it needs.
        files: of those that name a file, its usual name, and what may stand in it.
        check: raises ``Malformed`` with the field of a target that it cannot use.
        listens: whether its devices send of themselves: on a port without a usual number, and
            so seldom that a minute may pass.
        needs_user: whether a password needs a user.
        example: what one answers.
    """

    name: str
    title: str
    about: str
    open: Callable[[PollTarget], PollSource]
    schemes: tuple[str, ...] = ("http", "https")
    options: frozenset[str] = frozenset({"user", "password_file", "ca_file"})
    required: tuple[str, ...] = ()
    files: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    check: Callable[[PollTarget], None] = _sound
    listens: bool = False
    needs_user: bool = True
    example: AnswerExample = field(default_factory=lambda: AnswerExample({}))
