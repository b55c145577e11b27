"""What a column counts, by its header: in English, German, French, Dutch, Italian, Polish."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Final, NamedTuple


class Unit(NamedTuple):
    """A unit: its channel, and its size in the channel's unit as ``times / per``."""

    channel: str
    per: int = 1
    times: int = 1


ENERGY, REGISTER, POWER = "energy_kwh", "energy_register_kwh", "power_kw"
UNITS: Final[Mapping[str, Unit]] = {
    "kwh": Unit(ENERGY),
    "kwhs": Unit(ENERGY),
    "joules": Unit(ENERGY, 3_600_000),
    "wh": Unit(ENERGY, 1_000),
    "MWh": Unit(ENERGY, 1, 1_000),
    "mwh": Unit(ENERGY, 1, 1_000),
    "kw": Unit(POWER),
    "w": Unit(POWER, 1_000),
    "watt": Unit(POWER, 1_000),
    "watts": Unit(POWER, 1_000),
    "kilowatts": Unit(POWER),
    "kwatts": Unit(POWER),
    "MW": Unit(POWER, 1, 1_000),
    "a": Unit("current_a"),
    "amps": Unit("current_a"),
    "amperes": Unit("current_a"),
    "ma": Unit("current_a", 1_000),
    "v": Unit("voltage_v"),
    "volts": Unit("voltage_v"),
    "mV": Unit("voltage_v", 1_000),
    "°c": Unit("temperature_c"),
    "degc": Unit("temperature_c"),
    "celsius": Unit("temperature_c"),
}
"""Units as they are written, in small letters where their case does not matter."""

_WORDS: Final[Mapping[str, str]] = {
    "end": "end|end time|interval end|period end|to|bis|ende|endzeit|fin|tot|t m|eind|fine|do"
    "|koniec|datum bis|zeit bis|enddatum",
    "date": "date|day|datum|tag|jour|dag|giorno|data|dzien|dzień|usage date|read date",
    "device": "device|device id|household|household id|meter|meter id|meterid|meter number"
    "|meter no|meter point|meter point id|metering point|metering point id|measuring point|lclid"
    "|nmi|mpan|mprn|icp|esiid|serial|serial number|meter serial number|zähler|zählernummer"
    "|zählernr|zählpunkt|zählpunktnummer|zählpunktbezeichnung|messlokation|malo|melo|marktlokation"
    "|gerät|geräte id|gerätenummer|compteur|pdl|prm|identifiant prm|point de livraison"
    "|numéro de compteur|meternummer|ean|ean code|aansluiting|pod|contatore|matricola|licznik"
    "|numer licznika|nr licznika|ppe|kod ppe|customer|customer id|entity id|dataid|sensor"
    "|sensor id|sensor name|device name|meter name|asset id|apparaat|dispositivo|urządzenie",
    "channel": "channel|kanal|parameter|metric|measurement|measure|obis|obis code"
    "|obis kennzahl|kennzahl|canal|kanaal|canale|kanał|reading type|consumption category",
    "unit": "unit|units|unit of measurement|einheit|unité|unite|eenheid|unità|unita|jednostka|uom"
    "|maßeinheit",
    "sequence": "sequence",
}
_ASCII: Final = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})
_ROLES: Final[Mapping[str, str]] = {
    spelled: role
    for role, words in _WORDS.items()
    for word in words.split("|")
    for spelled in (word, word.translate(_ASCII))
}
"""Roles by the whole of a header's words. Times are known by what stands in their columns."""

_START: Final = re.compile(r"\b(start|from|von|ab|début|debut|begin|beginn|van|inizio|od|dalle)\b")
_REGISTER: Final = re.compile(
    r"\b(register|zählerstand|zaehlerstand|stand|meterstand|tellerstand|index|cumulative|cumul"
    r"|cumulé|lettura|odczyt|stan|totaliser|totalizer|meter reading|meter read|lifetime|ablesung"
    r"|counter|compteur|segnante)\b"
)
_INTERVAL: Final = re.compile(
    r"\b(interval|consumption|usage|used|verbrauch|bezug|menge|energiemenge|consommation|conso"
    r"|verbruik|afname|consumo|prelievo|zużycie|zuzycie|pobór|pobor|delta|hh|half hour|import"
    r"|imported|consumed|bezogen|entnommen)\b"
)
_ENERGY: Final = re.compile(
    r"\b(energy|energie|energia|énergie|energią|value|wert|valeur|waarde|valore|wartość|reading"
    r"|amount|sum|state|messwert|volume)\b"
)
_POWER: Final = re.compile(r"\b(power|leistung|puissance|vermogen|potenza|moc|demand|load)\b")
_EXPORT: Final = re.compile(
    r"\b(export|exported|injectie|injektion|retour|vertida|vertido|excedente|excedentes|wprowadzona|einspeisung|eingespeist|eingespeiste|lieferung|rücklieferung|abgabe|injection|injecté|returned"
    r"|teruglevering|terug|immissione|immessa|oddana|oddanie|feed in|to grid|received by grid"
    r"|surplus|production injectée|produced|generated|generation|erzeugt|erzeugte|erzeugung"
    r"|opgewekt|opwek|prodotta|wytworzona|(system|solar|pv|energy) production|production solaire)\b"
)
_NOT_READ: Final = re.compile(
    r"\b(cost|price|kosten|preis|prix|coût|betrag|costo|prezzo|cena|koszt|tariff|tarif|gbp|eur|usd"
    r"|charge|quality|status|flag|valid|row|nr|lfd|id|type|notes|year|month|week|weekday|reactive"
    r"|blind|carbon|co2|factor)\b"
)
_BRACKETS: Final = re.compile(r"[(\[]\s*(?:(?:in|en|w)\s+)?([^()\[\]]{1,16}?)\s*[)\]]")
_PER_INTERVAL: Final = re.compile(
    r"(?<=[wW][hH])\s*(?:/|per|pro|je)\s*(?:(?:5|10|15|30|60)\s?min\w*|hh|half hour|¼\s?h|1/4\s?h"
    r"|day|tag|interval|intervall|viertelstunde)\Z"
)
"""How long the intervals of an energy are, behind its unit; kWh/h, which is a power, is none."""
_PER_ENERGY: Final = re.compile(
    r"(?i)(?:[€£$]|\b(?:ct|c|p|cents?|pence|eur|euro|gbp|usd|chf|pln|zł|kr|sek|nok|dkk|k?g(?:co2\w*)?))"
    r"\s?/\s?[km]?wh\b|\b(?:per|pro|je|par)\s+[km]?wh\b"
)
_RATIO: Final = "ratio"
"""The word for what is of an energy and none: a price, grams of CO2."""
_CAMEL: Final = re.compile(
    r"(?<=[a-z]{2})(?=[A-Z][A-Za-z])|(?<=[a-z][A-Z][a-z])(?=[A-Z][a-z])"
    r"|(?<=[A-Za-z]Wh)(?=[A-Z][a-z])|(?<=[Pp]ower)(?=W$)|(?<=[Cc]urrent)(?=A$)|(?<=oltage)(?=V$)"
)
"""Where a word ends: ``sessionID``, ``plugInTime``, ``kWhDelivered``, ``powerW``, not ``degC``."""
_MARKS: Final = re.compile(r"[^\w°µ]+|_")


class ColumnHeader(NamedTuple):
    """A header, taken apart.

    Attributes:
        words: in small letters, without the unit.
        unit: None where it has none.
        unit_text: as it stands there.
        label: what is left without the unit, as it is written: the name of a circuit.
    """

    words: str
    unit: Unit | None
    unit_text: str
    label: str

    @property
    def role(self) -> str:
        """A role that the words say as a whole; empty: none."""
        return _ROLES.get(self.words, "")

    @property
    def is_start(self) -> bool:
        """Whether it is a time at which something begins."""
        return bool(_START.search(self.words))

    @property
    def is_end(self) -> bool:
        """Whether it is a time at which something ends."""
        return self.role == "end" or bool(re.search(r"\b(end|ending|ende|bis|fin)\b", self.words))

    @property
    def is_export(self) -> bool:
        """Whether energy is fed in."""
        return bool(_EXPORT.search(self.words))

    @property
    def is_not_read(self) -> bool:
        """Whether it is of something that is no reading of ours: money, quality, a number of it."""
        return self.unit is None and bool(_NOT_READ.search(self.words))

    @property
    def is_money(self) -> bool:
        """Whether it is of money, whatever unit stands beside it."""
        pattern = rf"\b(cost|price|kosten|preis|prix|costo|prezzo|cena|tariff|tarif|{_RATIO})\b"
        return bool(re.search(pattern, self.words))

    @property
    def counts(self) -> str:
        """How an energy is counted: ``interval`` or ``register``; empty: the words do not say."""
        code = OBIS.search(self.label[:MAX_CODE])
        if _REGISTER.search(self.words) or (code is not None and code[2] == "8"):
            return "register"
        return "interval" if _INTERVAL.search(self.words) else ""

    @property
    def is_value(self) -> bool:
        """Whether the words are of an amount, whatever its unit is."""
        found = (_ENERGY, _INTERVAL, _REGISTER, _POWER, _EXPORT)
        return any(words.search(self.words) for words in found)


def header_of_text(text: str) -> ColumnHeader:
    """Take a header apart: ``Verbrauch [kWh]`` has the words ``verbrauch`` and the unit kWh."""
    text = text.strip().strip("\ufeff")
    if OBIS_CODE.fullmatch(text) and (spelled := words_of_obis(text)) != text:
        return header_of_text(spelled)._replace(unit=None, unit_text="", label=text)
    label, unit, unit_text = text, None, ""
    if _PER_ENERGY.search(text):
        return ColumnHeader(f"{plain_words(text)} {_RATIO}", None, "", text)
    for found in _BRACKETS.finditer(text):
        if (unit := unit_named(found[1])) is not None:
            unit_text = found[1]
            label = (text[: found.start()] + text[found.end() :]).strip()
            break
    if unit is None:
        text = label = _CAMEL.sub(" ", text)
        words = re.split(r"[\s_/,:]+(?:in\s+)?", text)
        for place in (-1, 0):
            if len(words) > 1 and (unit := unit_named(words[place])) is not None:
                unit_text = words[place]
                at = text.rindex(unit_text) if place else 0
                label = text[:at] if place else text[len(unit_text) :]
                label = re.sub(r"[\s_/,:]+in\s*$", "", label)
                break
    if unit is None and (unit := unit_named(text)) is not None and len(text) > 1:
        unit_text, label = text, ""
    return ColumnHeader(plain_words(label), unit, unit_text, label.strip(" -_,:"))


def unit_named(text: str) -> Unit | None:
    """The unit of a text; None: it is none that is known."""
    text = _PER_INTERVAL.sub("", text.strip().strip("[]()").strip())
    return UNITS.get(text) or (UNITS.get(text.lower()) if text not in ("mW", "mWh") else None)


def units_beside(unit: Unit | None) -> dict[str, Decimal]:
    """What may stand beside a number of a column: how many of the column's unit each unit is."""
    if unit is None:
        return {}
    size = Decimal(unit.times) / unit.per
    same = {name: other for name, other in UNITS.items() if other.channel == unit.channel}
    return {name.lower(): Decimal(o.times) / o.per / size for name, o in same.items()}


def plain_words(text: str) -> str:
    """Words in small letters with single spaces."""
    return " ".join(_MARKS.sub(" ", _CAMEL.sub(" ", text)).lower().split())


MAX_CODE: Final = 64
OBIS: Final = re.compile(r"(?:1-\d+:)?(\d+)\.(\d+)\.(\d+)(?:[*.]\d+)?")
OBIS_CODE: Final = re.compile(r"(?:1-\d+:)?\d{1,2}\.\d{1,2}\.\d(?:\*\d+)?")
"""A code and nothing else, ``1.8.1``: no date has a year of one digit."""
_OBIS_WORDS: Final[Mapping[tuple[str, str], str]] = {
    ("1", "8"): "register kwh", ("2", "8"): "export register kwh",
    ("1", "29"): "import kwh", ("2", "29"): "export interval kwh",
    ("1", "9"): "import kwh", ("2", "9"): "export interval kwh",
    ("1", "7"): "power kw", ("16", "7"): "power kw", ("1", "5"): "power kw",
}  # fmt: skip


def words_of_obis(text: str) -> str:
    """An OBIS code in words: ``1-0:1.8.0`` is a register; any other text as it is."""
    found = OBIS.search(text[:MAX_CODE])
    return _OBIS_WORDS.get((found[1], found[2]), text) if found else text


def unit_of_obis(text: str) -> Unit | None:
    """The unit in which a code of OBIS is told; None: the text is none that is known."""
    words = words_of_obis(text)
    is_code = OBIS_CODE.fullmatch(text) and words != text
    return unit_named(words.rpartition(" ")[2]) if is_code else None


def tariff_of_obis(text: str) -> tuple[str, int] | None:
    """What an OBIS code in a text counts, and for which tariff: ``1.8.2`` is (``1.8``, 2).

    Tariff 0 is the sum of all.
    """
    found = OBIS.search(text[:MAX_CODE])
    return (f"{found[1]}.{found[2]}", int(found[3])) if found else None
