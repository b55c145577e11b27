"""What senders of signals write in other ways than the contract: the same thing in other letters.

A field that is null was not sent; a number may be text with a decimal comma and its unit, a truth
``1`` or ``"true"``; a card is the same one in capitals and with its bytes apart.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Final

import msgspec

from energyguard.errors import Malformed
from energyguard.files.values.numbers import ENERGY, Numbers, Units

_TRUTHS: Final = ("vehicle_detected", "user_connection", "recharging")
_TRUTH: Final[Mapping[str, bool]] = {"1": True, "true": True, "0": False, "false": False}
_KW: Final[Units] = {"kw": Decimal(1), "w": Decimal("0.001")}
_NUMBERS: Final[Mapping[str, Units]] = {
    "price": {},
    "energy_delivered": _KW,
    "register_kwh": ENERGY,
}
_CARD: Final = re.compile(r"[0-9a-f]{2}([:\- ][0-9a-f]{2}){3,}")

_decode = msgspec.json.Decoder(dict[str, object], float_hook=Decimal).decode


def fields_of(message: bytes | str) -> dict[str, object]:
    """All fields of a message, whatever they are; a mark of the byte order is none.

    Raises:
        msgspec.DecodeError: it is no JSON object, or has a number that none can be.
    """
    whole = message.encode() if isinstance(message, str) else message
    try:
        return _decode(whole.removeprefix(codecs.BOM_UTF8))
    except InvalidOperation as error:
        raise msgspec.DecodeError("a number has an exponent that none has") from error


def respelled(found: Mapping[str, object]) -> dict[str, object]:
    """The fields of a message as the contract writes them; what is unknown stays.

    Raises:
        Malformed: a text that should be a number is none; the reason names the field.
    """
    fields = {name: value for name, value in found.items() if value is not None}
    for name in _TRUTHS:
        if (truth := _TRUTH.get(str(fields.get(name)).lower())) is not None:
            fields[name] = truth
    for name, units in _NUMBERS.items():
        text = fields.get(name)
        if not isinstance(text, str):
            continue
        try:
            fields[name] = Numbers(commas=True, points=True).number(text, units)
        except Malformed as error:
            raise Malformed(f"{name}: {error.reason}", name) from error
        if units is _KW and text.rstrip()[-1:] in "wW":
            fields["unit"] = "kW"
    return fields


@lru_cache(maxsize=4_096)
def user_key(user: str) -> str:
    """What is the same for all spellings of a user's id: ``04:A1:B2:C3`` is ``04a1b2c3``."""
    small = user.casefold()
    return re.sub(r"[:\- ]", "", small) if _CARD.fullmatch(small) else small


@lru_cache(maxsize=4_096)
def plate_key(plate: str) -> str:
    """What is the same for all spellings of a plate: ``M-ÜX 123`` is ``müx123``."""
    return "".join(filter(str.isalnum, plate.casefold())) or plate
