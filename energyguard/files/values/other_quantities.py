"""What meters tell beside consumption, in units like its own: reactive and apparent energy."""

from __future__ import annotations

import re
from typing import Final

from energyguard.files.values.obis_codes import MAX_CODE, OBIS
from energyguard.files.values.words import plain_words

_REACTIVE: Final = re.compile(
    r"\b(reactive|blind|blindarbeit|blindenergie|blindleistung|réactive|reactief|reactieve"
    r"|reattiva|reattivo|bierna|bierny|reactiva)\b"
)
_APPARENT: Final = re.compile(
    r"\b(apparent|schein|scheinarbeit|scheinenergie|scheinleistung|apparente|schijnbaar"
    r"|schijnbare|pozorna|pozorny|aparente)\b"
)
_UNITS: Final = re.compile(r"\b[km]?va(r?)(h?)s?\b")
_POWER: Final = re.compile(
    r"\b(power|leistung|\w+leistung|puissance|vermogen|potenza|moc|potencia|kw|w)\b"
)
_OF_OBIS: Final = {**dict.fromkeys("345678", "reactive"), "9": "apparent", "10": "apparent"}
_ENERGIES_OF_OBIS: Final = ("8", "9", "29")


def other_quantity(text: str, *, has_unit: bool = False) -> str:
    """What a header or a unit is of that is no consumption; empty: it may be one.

    Args:
        text: ``Blindarbeit [kvarh]``, ``kVA``, ``1-0:3.8.0``.
        has_unit: whether it has a unit of consumption; then only its words count.
    """
    words = plain_words(text)
    unit = None if has_unit else _UNITS.search(words)
    if _REACTIVE.search(words) or (unit is not None and unit[1]):
        what = "reactive"
    elif _APPARENT.search(words) or unit is not None:
        what = "apparent"
    else:
        return _by_code(text)
    is_power = not unit[2] if unit is not None else bool(_POWER.search(words))
    return f"{what} {'power' if is_power else 'energy'}"


def _by_code(text: str) -> str:
    code = OBIS.search(text[:MAX_CODE])
    what = _OF_OBIS.get(code[1]) if code is not None and code[0] == text.strip() else None
    if code is None or what is None:
        return ""
    return f"{what} {'energy' if code[2] in _ENERGIES_OF_OBIS else 'power'}"


def no_consumption(what: str) -> str:
    """Why it is not read."""
    return f"{what} is no consumption"
