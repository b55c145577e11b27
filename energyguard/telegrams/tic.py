"""The Linky's télé-information client (TIC), in its two modes: *historique* and *standard*.

After Enedis-NOI-CPT_54E, *Sorties de télé-information client des appareils de comptage Linky*: a
frame of groups, each with a label, a value and a sum of its own. In *standard* a tabulator stands
between them, and a group may have a time; in *historique* a blank.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from energyguard.codecs.columns import sixty_fourth
from energyguard.codecs.dialect import Dialect
from energyguard.codecs.framing import Framing
from energyguard.codecs.http import HttpDialect, HttpRoute
from energyguard.dialects.names import NotPlaced, Placed, ValueName, placed
from energyguard.dialects.rows import NamedValue
from energyguard.errors import Malformed
from energyguard.telegrams.clock import clock_ms, made_ms
from energyguard.telegrams.obis import SKIPPED
from energyguard.telegrams.p1 import refusal, taken
from energyguard.telegrams.reading import Telegram, decoder, posted

FRAMING: Final = Framing(
    begins=re.compile(rb"\x02(?=\n)"),
    ends=re.compile(rb"\r\x03"),
    part=re.compile(rb"[^\x00\x02-\x04\s]"),
)
_GROUP: Final = re.compile(r"\n([^\r\n]*)\r")
_NUMBER: Final = re.compile(r"\d{1,12}", re.ASCII)
_REGISTER: Final = "energy_register_kwh"
_TARIFFS: Final = (
    "HCHC", "HCHP", "EJPHN", "EJPHPM", "BBRHCJB", "BBRHPJB", "BBRHCJW", "BBRHPJW", "BBRHCJR",
    "BBRHPJR",
)  # fmt: skip
"""Registers of the historic tariffs, of which a meter has some and no total."""
_FIELDS: Final[Mapping[str, tuple[str, str, int]]] = {
    "BASE": (_REGISTER, "", 1_000),
    "EAST": (_REGISTER, "", 1_000),
    "EAIT": (_REGISTER, "export", 1_000),
    **{label: (_REGISTER, label.lower(), 1_000) for label in _TARIFFS},
    "IINST": ("current_a", "l1", 1),
    **{f"IINST{n}": ("current_a", f"l{n}", 1) for n in (1, 2, 3)},
    **{f"IRMS{n}": ("current_a", f"l{n}", 1) for n in (1, 2, 3)},
    **{f"URMS{n}": ("voltage_v", f"l{n}", 1) for n in (1, 2, 3)},
}
"""What is taken: the channel, below which device, how many of its unit make one of the channel."""
_NUMBERS, _CLOCK = ("ADSC", "ADCO"), "DATE"
_OFFSETS: Final = {"E": 2, "H": 1}
"""Hours before UTC in summer (été) and winter (hiver). In small letters the clock is not set."""
_ZONE: Final = ZoneInfo("Europe/Paris")


class _Group(NamedTuple):
    """A group of a frame; ``is_sound`` says whether its sum holds."""

    label: str
    time: str
    value: str
    is_sound: bool


def read_frame(telegram: Telegram) -> Iterator[NamedValue]:
    """The values of a frame. A group whose sum does not hold costs the others nothing.

    Raises:
        Malformed: it has no groups, or nothing names its device.
    """
    groups = [_group(text) for text in _GROUP.findall(telegram.data.decode("latin-1"))]
    sound: dict[str, _Group] = {}
    for group in groups:
        if group.is_sound:
            sound.setdefault(group.label, group)
    if not sound:
        raise Malformed("none of its groups has a sum that holds", "sum")
    number = next((sound[label].value for label in _NUMBERS if label in sound), "")
    device = telegram.device(number)
    time_ms = made_ms(_time_ms(sound.get(_CLOCK)), telegram.arrived_ms)
    return _values(groups, sound, device, time_ms)


def _values(
    groups: list[_Group], sound: Mapping[str, _Group], device: str, time_ms: int
) -> Iterator[NamedValue]:
    """The values of the groups that are sound, and why the others are none."""
    for group in (*sound.values(), *(group for group in groups if not group.is_sound)):
        number = float(group.value) if _NUMBER.fullmatch(group.value) else 0.0
        yield NamedValue(ValueName(group.label, device), time_ms, number, _place(group, device))


def _group(text: str) -> _Group:
    """A group: label, perhaps a time, value, and the sum of what stands before it."""
    separator = "\t" if "\t" in text else " "
    content, sum_ = text[:-1], text[-1:]
    summed = content if separator == "\t" else content[:-1]
    right = chr((sum(summed.encode("latin-1")) & 0x3F) + 0x20)
    label, *parts = content[:-1].split(separator)
    is_sound = content[-1:] == separator and sum_ == right and bool(parts)
    time, value = parts if len(parts) == 2 else ("", separator.join(parts))
    return _Group(label, time, value.strip(), is_sound)


def _place(group: _Group, device: str) -> Placed | NotPlaced:
    """Where the value of a group belongs."""
    if not group.is_sound:
        return NotPlaced(f"the sum of the group {sixty_fourth(group.label)} does not hold")
    if group.label not in _FIELDS:
        return SKIPPED
    if not _NUMBER.fullmatch(group.value):
        return NotPlaced(f"{group.label} is no number: {sixty_fourth(group.value)}")
    channel, below, per = _FIELDS[group.label]
    return placed(f"{device}/{below}" if below else device, channel, 1, per)


def _time_ms(clock: _Group | None) -> int | None:
    """When a frame was made; None: its meter has no clock, or it is not set."""
    if clock is None or clock.time[:1] not in _OFFSETS:
        return None
    return clock_ms(clock.time[1:], _OFFSETS[clock.time[0]], _ZONE, 0, _CLOCK)


HTTP = HttpDialect(
    title="Linky TIC",
    senders="readers of the Linky's terminals I1, I2",
    routes=(HttpRoute(method="POST", path="/tic", read=posted("tic"), answer=taken),),
    refusal=refusal,
)
DIALECT = Dialect(
    name="tic",
    example=(
        b"\x02\nADSC\t041876123456\t<\r\nDATE\tH251201130000\t\t0\r"
        b"\nEAST\t001234567\t+\r\nURMS1\t230\t?\r\x03"
    ),
    begins=(b"\x02\n",),
    decode=decoder("tic", FRAMING, read_frame),
    framing=FRAMING,
    http=HTTP,
)
