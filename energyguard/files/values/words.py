"""What a column counts, by its header.

In English, German, French, Dutch, Italian, Polish, Spanish, Portuguese, Czech, and the languages of
the North: Swedish, Danish, Norwegian, Finnish.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from decimal import Decimal
from typing import Final, NamedTuple

from energyguard.files.values.obis_codes import MAX_CODE, OBIS, OBIS_CODE, words_of_obis


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
    "|koniec|datum bis|zeit bis|enddatum|hasta|fecha fin|hora fin|fim|data fim|até|slut|sluttid|til"
    "|til dato|till|konec|loppu|loppuaika",
    "date": "date|day|datum|tag|jour|dag|giorno|data|dzien|dzień|usage date|read date|fecha|dia|día"
    "|dato|den|päivä|päivämäärä|pvm",
    "device": "device|device id|household|household id|meter|meter id|meterid|meter number"
    "|meter no|meter point|meter point id|metering point|metering point id|measuring point|lclid"
    "|nmi|mpan|mprn|icp|esiid|serial|serial number|meter serial number|zähler|zählernummer"
    "|zählernr|zählpunkt|zählpunktnummer|zählpunktbezeichnung|messlokation|malo|melo|marktlokation"
    "|gerät|geräte id|gerätenummer|compteur|pdl|prm|identifiant prm|point de livraison"
    "|numéro de compteur|meternummer|ean|ean code|aansluiting|pod|contatore|matricola|licznik"
    "|numer licznika|nr licznika|ppe|kod ppe|customer|customer id|entity id|dataid|sensor"
    "|sensor id|sensor name|device name|meter name|asset id|apparaat|dispositivo|urządzenie"
    "|contador|cups|medidor|número de contador|punto de suministro|número do contador|cpe"
    "|código cpe|mätare|mätarnummer|mätpunkt|anläggning|anläggningsid|anläggnings id|målepunkt"
    "|målepunktsid|målepunkts id|målepunkt id|måler|målernummer|målernr|målerid|mittari"
    "|mittarin numero|mittauspiste|mittauspisteen tunnus|käyttöpaikka|elektroměr|odběrné místo"
    "|číslo elektroměru|ean opm",
    "channel": "channel|kanal|parameter|metric|measurement|measure|obis|obis code"
    "|obis kennzahl|kennzahl|canal|kanaal|canale|kanał|reading type|consumption category",
    "unit": "unit|units|unit of measurement|einheit|unité|unite|eenheid|unità|unita|jednostka|uom"
    "|maßeinheit|unidad|unidade|enhet|enhed|måleenhed|måleenhet|yksikkö|yksikkötyyppi|jednotka",
    "sequence": "sequence",
}
_ASCII: Final = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "å": "aa", "ø": "oe", "æ": "ae"}
)


def without_marks(text: str) -> str:
    """A text without the marks on its letters, as many programs write it: ``día`` is ``dia``."""
    letters = unicodedata.normalize("NFD", text)
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def _any_spelling(words: str) -> re.Pattern[str]:
    """One of some words, with or without the marks on their letters."""
    spelled = {kind for word in words.split("|") for kind in (word, without_marks(word))}
    return re.compile(rf"\b({'|'.join(sorted(spelled, key=len, reverse=True))})\b")


_ROLES: Final[Mapping[str, str]] = {
    spelled: role
    for role, words in _WORDS.items()
    for word in words.split("|")
    for spelled in (word, word.translate(_ASCII), without_marks(word))
}
"""Roles by the whole of a header's words. Times are known by what stands in their columns."""

_START: Final = _any_spelling(
    "start|from|von|ab|début|begin|beginn|van|inizio|od|dalle|desde|inicio|início|fra|från|alku"
    "|alkuaika"
)
_REGISTER: Final = _any_spelling(
    "register|zählerstand|zaehlerstand|stand|meterstand|tellerstand|index|cumulative|cumul|cumulé"
    "|lettura|odczyt|stan|totaliser|totalizer|meter reading|meter read|lifetime|ablesung|counter"
    "|compteur|segnante|lectura|leitura|acumulado|acumulada|mätarställning|målerstand|aflæsning"
    "|avläsning|avlesning|lukema|mittarilukema|stav"
)
_INTERVAL: Final = _any_spelling(
    "interval|consumption|usage|used|verbrauch|bezug|menge|energiemenge|consommation|conso|verbruik"
    "|afname|consumo|prelievo|zużycie|pobór|delta|hh|half hour|import|imported|consumed|bezogen"
    "|entnommen|förbrukning|forbrug|forbruk|kulutus|spotřeba|odběr|mængde|mengde|määrä|mängd"
    "|cantidad|quantidade"
)
_ENERGY: Final = _any_spelling(
    "energy|energie|energia|énergie|energią|energía|energi|value|wert|valeur|waarde|valore|wartość"
    "|reading|amount|sum|state|messwert|volume|valor|värde|værdi|verdi|arvo|hodnota"
)
_POWER: Final = _any_spelling(
    "power|leistung|puissance|vermogen|potenza|moc|demand|load|potencia|potência|effekt|teho|výkon"
)
_EXPORT: Final = _any_spelling(
    "export|exported|injectie|injektion|retour|vertida|vertido|excedente|excedentes|wprowadzona"
    "|einspeisung|eingespeist|eingespeiste|lieferung|rücklieferung|abgabe|injection|injecté"
    "|returned|teruglevering|terug|immissione|immessa|oddana|oddanie|feed in|to grid"
    "|received by grid|surplus|production injectée|produced|generated|generation|erzeugt|erzeugte"
    "|erzeugung|opgewekt|opwek|prodotta|wytworzona|system production|solar production"
    "|pv production|energy production|production solaire|exportada|inyectada|injetada|generada"
    "|inmatning|inmatad|solproduktion|60 produksjon|15 produksjon|produceret|aurinkotuotanto"
    "|dodávka"
)
_NOT_READ: Final = _any_spelling(
    "cost|price|kosten|preis|prix|coût|betrag|costo|prezzo|cena|koszt|tariff|tarif|gbp|eur|usd"
    "|charge|quality|status|flag|valid|row|nr|lfd|id|type|notes|year|month|week|weekday|reactive"
    "|blind|carbon|co2|factor|precio|coste|importe|preço|custo|pris|kostnad|hinta|calidad|qualidade"
    "|kvalitet|laatu|kvalita|año|mes|mês|år|måned|månad"
)
_BRACKETS: Final = re.compile(r"[(\[]\s*(?:(?:in|en|w)\s+)?([^()\[\]]{1,16}?)\s*[)\]]")
_PER_INTERVAL: Final = re.compile(
    r"(?<=[wW][hH])\s*(?:/|per|pro|je)\s*(?:(?:5|10|15|30|60)\s?min\w*|hh|half hour|¼\s?h|1/4\s?h"
    r"|day|tag|interval|intervall|viertelstunde)\Z"
)
"""How long the intervals of an energy are, behind its unit; kWh/h, which is a power, is none."""
_PER_ENERGY: Final = re.compile(
    r"(?i)(?:[€£$]|\b(?:ct|c|p|cents?|pence|eur|euro|gbp|usd|chf|pln|zł|kr|sek|nok|dkk|k?g(?:co2\w*)?))"
    r"\s?/\s?[km]?wh\b|\b(?:per|pro|je|par|por|pr|za)\s+[km]?wh\b"
)
_RATIO: Final = "ratio"
"""The word for what is of an energy and none: a price, grams of CO2."""
_END: Final = _any_spelling("end|ending|ende|bis|fin|fim|hasta|slut|til|loppu")
_MONEY: Final = _any_spelling(
    "cost|price|kosten|preis|prix|costo|prezzo|cena|tariff|tarif|precio|coste|preço|custo|pris"
    f"|hinta|{_RATIO}"
)
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
        return self.role == "end" or bool(_END.search(self.words))

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
        return bool(_MONEY.search(self.words))

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
        text = label = _CAMEL.sub(" ", text).strip("_")
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


def unit_of_obis(text: str) -> Unit | None:
    """The unit in which a code of OBIS is told; None: the text is none that is known."""
    words = words_of_obis(text)
    is_code = OBIS_CODE.fullmatch(text) and words != text
    return unit_named(words.rpartition(" ")[2]) if is_code else None
