"""SML, the Smart Message Language: what German meters send through their optical eye.

After BSI TR-03109-1, annex IV (SML 1.04): the transport of version 1 with its CRC, and the response
``GetList``: the meter's number, its time, and entries with OBIS code, unit, scale and value.
"""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Iterator
from typing import Final

from energyguard.codecs.dialect import Dialect
from energyguard.codecs.framing import Framing
from energyguard.codecs.http import HttpDialect, HttpRoute
from energyguard.dialects.rows import NamedValue
from energyguard.errors import Malformed
from energyguard.telegrams.checks import CCITT, crc16
from energyguard.telegrams.clock import made_ms
from energyguard.telegrams.obis import Meter, ObisValue, named_values
from energyguard.telegrams.p1 import refusal, taken
from energyguard.telegrams.reading import Telegram, decoder, posted
from energyguard.telegrams.sml_values import SmlValue, SmlValues

_ESCAPE: Final = b"\x1b\x1b\x1b\x1b"
START: Final = _ESCAPE + b"\x01\x01\x01\x01"
FRAMING: Final = Framing(
    begins=re.compile(re.escape(START)),
    ends=re.compile(rb"(?<!\x1b)\x1b{4}\x1a[\s\S]([\s\S]{2})"),
    part=re.compile(rb"[^\x00\xff\s]"),
)
_GET_LIST: Final = 0x0701
_ENTRY, _RESPONSE, _MESSAGE = 7, 7, 6
_UNITS: Final = {30: "Wh", 27: "W", 35: "V", 33: "A"}
"""Units of DLMS that a channel of ours has."""
_ELECTRICITY, _NOW = 1, 255
_TIMESTAMPS: Final = (2, 3)
"""Kinds of times that say when: UTC in seconds since 1970, alone or with offsets beside it."""
_MAX_SCALE: Final = 18
_EXAMPLE: Final = (
    "GxsbGwEBAQF2AwABYgBiAHJlAAABAXYBAQMAAgsKAURaRwACxGuoAQFj4VwAdgMAAWIAYgByZQAABwF3AQsKAURaRwAC"
    "xGuoBwEAYgr//3JiAmVpLYNAcncHAQABCAD/AQFiHlL/WQAAAAAHW80VAXcHAQAQBwD/AQFiG1L/Vf//9ngBAQFjYb8A"
    "dgMAAWIAYgByZQAAAgFxAWOlRgAAABsbGxsaAnQ8"
)
"""A register of 12,345.6789 kWh and a power of -244 W, of a meter that has a clock."""


def read_telegram(telegram: Telegram) -> Iterator[NamedValue]:
    """The values of a telegram.

    Raises:
        Malformed: its CRC does not hold, or it is no SML.
    """
    values = SmlValues(_checked(telegram.data))
    lists = []
    while values.has_more:
        values.skip_zeros()
        message = values.next()
        if not isinstance(message, list) or len(message) != _MESSAGE:
            raise Malformed("a message of it has not the six parts of one")
        if (response := _response(message[3])) is not None:
            lists.append(response)
    found = [value for response in lists for value in _of_list(response, telegram)]
    if not found:
        raise Malformed("it has no list of values")
    return iter(found)


def _checked(data: bytes) -> bytes:
    """The messages of a telegram, once its CRC has been seen to hold.

    Some meters (Holley) begin the sum at 0, not at FFFF: both are taken.

    Raises:
        Malformed: neither holds.
    """
    end = FRAMING.ends.search(data)
    if end is None:
        raise Malformed("its end is missing")
    given = int.from_bytes(end[1], "little")
    body = data[: end.start() + 6]
    sums = (crc16(body, CCITT, 0xFFFF) ^ 0xFFFF, crc16(body, CCITT))
    if given not in sums:
        raise Malformed(f"its CRC {given:04x} does not hold: {sums[0]:04x} is right", "crc")
    messages = data[len(START) : end.start()]
    return messages.replace(_ESCAPE * 2, _ESCAPE)


def _response(body: SmlValue) -> list[SmlValue] | None:
    """The response ``GetList`` in a message; None: it is another message."""
    match body:
        case [int(kind), list(response)] if kind == _GET_LIST and len(response) == _RESPONSE:
            return response
    return None


def _of_list(response: list[SmlValue], telegram: Telegram) -> Iterator[NamedValue]:
    """The values of a list."""
    _, server, _, time, entries, *_ = response
    values: dict[str, ObisValue] = {}
    for entry in entries if isinstance(entries, list) else ():
        if (value := _value(entry)) is not None:
            values.setdefault(value.name, value)
    meter = Meter(
        telegram.device(_number(server) if isinstance(server, bytes) else ""),
        {value.code for value in values.values()},
        made_ms(_time_ms(time), telegram.arrived_ms),
    )
    return named_values(values, meter)


def _value(entry: SmlValue) -> ObisValue | None:
    """What an entry measures; None: nothing of now that has a unit of ours."""
    match entry:
        case [bytes(name), _, _, int(unit), scale, int(number), _] if len(name) == 6:
            a, b, c, d, e, past = name
        case _:
            return None
    if past != _NOW or unit not in _UNITS:
        return None
    exponent = scale if isinstance(scale, int) else 0
    if abs(exponent) > _MAX_SCALE:
        raise Malformed(f"a value has the scale 10^{exponent}", "scale")
    code = f"{c}.{d}.{e}"
    scaled = number / 10**-exponent if exponent < 0 else float(number * 10**exponent)
    is_ours = a == _ELECTRICITY
    return ObisValue(code if is_ours else "", f"{a}-{b}:{code}", scaled, _UNITS[unit])


def _time_ms(time: SmlValue) -> int | None:
    """When the values were so; None: the meter counts seconds since it began, and has no clock."""
    match time:
        case [int(kind), int(seconds)] if kind in _TIMESTAMPS:
            return seconds * 1_000
        case [int(kind), [int(seconds), *_]] if kind in _TIMESTAMPS:
            return seconds * 1_000
    return None


def _number(server: bytes) -> str:
    """The number of a meter as it is printed on it (DIN 43863-5), else its bytes in hexadecimal."""
    maker = server[2:5]
    if len(server) == 10 and server[0] == len(server) and maker.isalpha() and maker.isupper():
        serial = int.from_bytes(server[6:], "big")
        return f"{server[1]:X}{maker.decode('ascii')}{server[5]:02X}{serial:08d}"
    return server.hex().upper()


HTTP = HttpDialect(
    title="SML",
    senders="readers of German meters' optical eyes",
    routes=(HttpRoute(method="POST", path="/sml", read=posted("sml"), answer=taken),),
    refusal=refusal,
)
DIALECT = Dialect(
    name="sml",
    example=b64decode(_EXAMPLE),
    begins=(START,),
    decode=decoder("sml", FRAMING, read_telegram),
    framing=FRAMING,
    http=HTTP,
)
