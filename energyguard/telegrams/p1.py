"""DSMR P1 and the readouts of IEC 62056-21: ``1-0:1.8.1(000004.426*kWh)``, a value a line.

After Netbeheer Nederland, *Dutch Smart Meter Requirements, P1 Companion Standard* 5.0.2, and IEC
62056-21, 5.8 (the data readout of the modes A to D, of which P1 is one). From DSMR 4 on a telegram
has a CRC-16 and the meter's clock; an older one, and a readout, has neither.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain
from typing import Final, NamedTuple
from urllib.parse import parse_qs
from zoneinfo import ZoneInfo

from energyguard.codecs.dialect import Dialect
from energyguard.codecs.framing import Framing
from energyguard.codecs.http import (
    HttpAnswer,
    HttpDelivery,
    HttpDialect,
    HttpRoute,
    HttpSent,
    HttpTaken,
    json_answer,
)
from energyguard.dialects.rows import NamedValue
from energyguard.errors import Malformed
from energyguard.telegrams.checks import ARC, crc16
from energyguard.telegrams.clock import clock_ms, made_ms
from energyguard.telegrams.obis import Meter, ObisValue, named_values
from energyguard.telegrams.reading import Telegram, decoder, delivery, posted

FRAMING: Final = Framing(
    begins=re.compile(rb"/[A-Za-z]{3}[ -.0-~]{1,40}\r?\n"),
    ends=re.compile(rb"[\r\n]!([^\r\n]{0,8})\r?\n"),
    part=re.compile(rb"[(!]|/[A-Za-z]{3}"),
    closing=b"\n",
)
_SET: Final = re.compile(
    r"(?:(\d{1,3})-(\d{1,3}):)?([0-9CFLP]{1,3}\.\d{1,3}(?:\.\d{1,3})?)(?:[*&](\d{1,3}))?"
    r"((?:\([^()]*\))+)",
    re.ASCII,
)
_CELL: Final = re.compile(r"\(([^()]*)\)")
_NUMBER: Final = re.compile(r"[+-]?\d{1,20}(?:\.\d{0,20})?", re.ASCII)
_NOW: Final = "255"
"""The last part of a code of what is so now; others are of billing periods in the past."""
_NUMBERS: Final = (
    "0-0:96.1.1", "0-0:96.1.0", "1-0:96.1.0", "1-0:0.0.0", "0-0:96.1.255", "96.1.1", "96.1.0",
    "0.0.0", "C.1.0",
)  # fmt: skip
"""What has the number of a meter: the first that is there does."""
_CLOCK, _TARIFF = "0-0:1.0.0", "0-0:96.14.0"
_OFFSETS: Final = {"S": 2, "W": 1}
_ZONE: Final = ZoneInfo("Europe/Amsterdam")


class _DataSet(NamedTuple):
    """A data set of a telegram: its code, and what stands in its brackets."""

    code: str
    is_electricity: bool
    cells: list[str]


def read_telegram(telegram: Telegram) -> Iterator[NamedValue]:
    """The values of a telegram.

    Raises:
        Malformed: its CRC does not hold, its clock says no time, or nothing names its device.
    """
    _check(telegram.data)
    sets = _data_sets(telegram.data.decode("latin-1"))
    own_ms = _time_ms(_cell(sets, _CLOCK), telegram.arrived_ms)
    values = {name: _value(name, found, telegram) for name, found in sets.items()}
    measured = {name: value for name, value in values.items() if value is not None}
    meter = Meter(
        telegram.device(next(filter(None, (_number(_cell(sets, n)) for n in _NUMBERS)), "")),
        {value.code for value in measured.values()},
        made_ms(own_ms, telegram.arrived_ms),
        _cell(sets, _TARIFF).lstrip("0"),
    )
    return named_values(measured, meter)


def _check(data: bytes) -> None:
    """See whether a telegram is as its meter sent it; line ends may have lost their returns.

    Raises:
        Malformed: it is not.
    """
    found = FRAMING.ends.search(data)
    given = found[1].strip() if found else b""
    if found is None or not given:
        return
    body = data[: found.start() + 2]
    right = _crc(body)
    if given.upper() == right or given.upper() == _crc(body.replace(b"\n", b"\r\n")):
        return
    shown = given.decode("ascii", "replace")
    raise Malformed(f"its CRC {shown} does not hold: {right.decode()} is right", "crc")


def _crc(body: bytes) -> bytes:
    return f"{crc16(body, ARC):04X}".encode()


def _data_sets(text: str) -> dict[str, _DataSet]:
    """The data sets of now by their names; the first of each."""
    found: dict[str, _DataSet] = {}
    lines = text.splitlines()[1:]
    for a, b, code, past, cells in chain.from_iterable(map(_SET.findall, lines)):
        if past in ("", _NOW):
            name = f"{a}-{b}:{code}" if a else code
            found.setdefault(name, _DataSet(code, a in ("", "1"), _CELL.findall(cells)))
    return found


def _cell(sets: dict[str, _DataSet], name: str) -> str:
    found = sets.get(name)
    return found.cells[-1].strip() if found else ""


def _value(name: str, found: _DataSet, telegram: Telegram) -> ObisValue | None:
    """What a data set measures; None: nothing that has a unit."""
    text, has_unit, unit = found.cells[-1].partition("*")
    if not has_unit or len(found.cells) > 2:
        return None
    number = float(text) if _NUMBER.fullmatch(text.strip()) else None
    if len(found.cells) == 1:
        return ObisValue(found.code if found.is_electricity else "", name, number, unit.strip())
    try:
        time_ms = _time_ms(found.cells[0], telegram.arrived_ms)
    except Malformed:
        return None
    return ObisValue("", name, number, unit.strip(), time_ms)


def _time_ms(text: str, arrived_ms: int) -> int | None:
    """A time with its flag, S for summer and W for winter; None: there is none.

    Raises:
        Malformed: it is no time.
    """
    if not text:
        return None
    digits = text.rstrip("SW")
    return clock_ms(digits, _OFFSETS.get(text[len(digits) :]), _ZONE, arrived_ms, _CLOCK)


def _number(text: str) -> str:
    """The number of a meter: where its digits are those of letters, the letters."""
    try:
        letters = bytes.fromhex(text).decode("ascii")
    except ValueError:
        return text
    return letters if letters.isalnum() else text


def _form(sent: HttpSent) -> HttpDelivery:
    """What DSMR-reader's datalogger brings: a telegram in a form."""
    form = parse_qs(sent.body.decode("latin-1"), encoding="latin-1", max_num_fields=8)
    telegram = form.get("telegram", [""])[0]
    if not telegram:
        raise Malformed("the form has no field telegram", "telegram")
    return delivery(telegram.encode("latin-1"), DIALECT.name, sent.query.get("device", ""))


def taken(_: HttpSent, taken: HttpTaken) -> HttpAnswer:
    """201 and how many, or what was refused."""
    if taken.refused:
        return refusal(400, taken.sentence)
    return json_answer(201, {"accepted": taken.accepted})


def refusal(status: int, reason: str) -> HttpAnswer:
    """As DSMR-reader says it."""
    return json_answer(status, {"detail": reason})


HTTP = HttpDialect(
    title="DSMR P1, IEC 62056-21",
    senders="DSMR-reader's remote datalogger, readers of P1 ports and of optical eyes",
    routes=(
        HttpRoute(method="POST", path="/p1", read=posted("p1"), answer=taken),
        HttpRoute(method="POST", path="/api/v1/datalogger/dsmrreading", read=_form, answer=taken),
    ),
    refusal=refusal,
)
DIALECT = Dialect(
    name="p1",
    example=(
        b"/EGY5\\253833635_A\r\n\r\n1-3:0.2.8(50)\r\n0-0:1.0.0(251201130000W)\r\n"
        b"0-0:96.1.1(4530303332353635)\r\n1-0:1.8.1(001234.567*kWh)\r\n"
        b"1-0:1.8.2(002345.678*kWh)\r\n0-0:96.14.0(0002)\r\n1-0:1.7.0(00.244*kW)\r\n!489F\r\n"
    ),
    begins=(b"/",),
    decode=decoder("p1", FRAMING, read_telegram),
    framing=FRAMING,
    http=HTTP,
)
