"""What the service refuses is said in the reader's language, wherever its words are known."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal as D
from pathlib import Path

import pytest

import energyguard
from energyguard.catalogue import Catalogue
from energyguard.catalogue.checks import PlannedCatalogue
from energyguard.errors import ConfigError, Faulty, Malformed
from energyguard.model.catalogue import Device, Entry, Site
from energyguard.model.tariffs import PriceBlock, Tariff, TimedPrice
from energyguard.page.words.faults import _FAULTS, fault_words, field_words
from energyguard.page.words.language import reader, speak, speaking
from energyguard.tariffs.checks import tariff_faults
from tests.application.service import MadeUpService

ROOT = Path(energyguard.__file__).parent
_WILD = re.compile(r"\(\?P<[^)]*\)|\(\?:[^)]*\)|\.\*|\\S\+|\\d\+|\\[().]|['`]")


def said(error: object, language: str = "de") -> str:
    token = speak(reader(language))
    try:
        return fault_words(error)
    finally:
        speaking.reset(token)


def test_faults_of_the_catalogue_keep_their_place_and_lose_their_english() -> None:
    entries: Mapping[str, Entry] = {
        "site/l12": Site(name=" Lindenhof", parent="gone", zone="Europe/Berln"),
        "device/H1": Device(name="Oven", site="mill", rating_kw=-1.0),
    }
    faults = PlannedCatalogue(Catalogue(), entries).faults()
    lines = [": ".join(filter(None, (fault.key, fault.field, fault.reason))) for fault in faults]
    assert sorted(said("\n".join(lines)).splitlines()) == [
        "device/H1: rating_kw: -1.0 ist keine Leistung über 0",
        "device/H1: site: den Ort mill gibt es noch nicht",
        "site/l12: name: beginnt oder endet mit einem Leerzeichen",
        "site/l12: parent: den Ort gone gibt es noch nicht",
        "site/l12: zone: eine Zeitzone Europe/Berln gibt es nicht; eine ist Europe/Berlin",
    ]


@pytest.mark.parametrize("language", ["de", "it", "pl"])
def test_a_fault_that_nobody_has_translated_stays(language: str) -> None:
    assert said("the flux is misaligned: {n}", language) == "the flux is misaligned: {n}"
    assert said("somebody else changed it meanwhile; look, and change it again", language) != ""


@pytest.mark.parametrize("pattern", [pattern.pattern for pattern, _ in _FAULTS])
def test_each_is_a_fault_that_the_service_still_writes(pattern: str) -> None:
    """Whoever words a fault anew is led here: its translation would be lost in silence."""
    words = max(_WILD.split(pattern), key=len).strip(" :;,")
    assert words in SOURCES, f"nobody writes {words!r} any more"


def _sources() -> str:
    """The code without the page, with texts that go over several lines in one."""
    files = (p for p in sorted(ROOT.rglob("*.py")) if "page" not in p.relative_to(ROOT).parts)
    return re.sub(r'"\s*\n\s*f?"', "", "\n".join(path.read_text() for path in files))


SOURCES = _sources()


RULE_FAULTS = (
    ({"clear_at": "9"}, "die Meldung würde aufgehoben, wo sie noch ausgelöst wird"),
    ({"raise_above": "x"}, "raise_above: x ist keine Zahl"),
    ({"slide": "0s"}, "muss länger als nichts sein"),
    ({"window": "7m", "slide": "5m"}, "das Fenster (7\u00a0min) ist kein Vielfaches des Abstands"),
    ({"window": "soon"}, "window: soon ist keine Dauer; schreiben Sie 15 min oder 1 h"),
)


@pytest.mark.parametrize(("fields", "words"), RULE_FAULTS)
def test_what_is_wrong_with_a_rule_is_said_in_ones_language(
    fields: dict[str, str], words: str
) -> None:
    with pytest.raises(ConfigError) as refused:
        MadeUpService().change_rule("household-prod", "mara", **fields)
    assert said(refused.value).startswith(f"household-prod: {words}")
    for language in ("it", "pl"):
        assert said(refused.value, language) not in (str(refused.value), said(refused.value))


TARIFFS = (
    Tariff(name="x", price=D("0.3"), source="spot"),
    Tariff(name="x", source="sp ot", surcharge=D("2000000")),
    Tariff(name="x", price=D("0.12345678901"), surcharge=D(1)),
    Tariff(name="x", prices=(TimedPrice(price=D(1)), TimedPrice(price=D(2), name="night"))),
    Tariff(name="x", prices=(TimedPrice(price=D(1), when="soon"),)),
    Tariff(name="x", prices=(TimedPrice(price=D(1), when="07:01-08:00"),)),
    Tariff(name="x", blocks=(PriceBlock(price=D(1)), PriceBlock(price=D(2), up_to_kwh=D(5)))),
    Tariff(name="x", blocks=(PriceBlock(price=D(1), up_to_kwh=D(9)), PriceBlock(
        price=D(2), up_to_kwh=D(5)), PriceBlock(price=D(3), name=" y"))),
)  # fmt: skip


@pytest.mark.parametrize("language", ["de", "it", "pl"])
@pytest.mark.parametrize("tariff", TARIFFS, ids=range(len(TARIFFS)))
def test_what_is_wrong_with_a_tariff_is_said_in_ones_language(
    tariff: Tariff, language: str
) -> None:
    faults = [f"tariff/x: {field}: {reason}" for field, reason in tariff_faults(tariff)]
    assert faults
    for fault in faults:
        place = ": ".join(fault.split(": ")[:2])
        assert said(fault, language).startswith(f"{place}: ")
        assert said(fault, language) != fault


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            Faulty(
                "device/charger:default/c1: rating_kw: -5.0 is no power above 0", field="rating_kw"
            ),
            "-5.0 is no power above 0",
        ),
        (Malformed("value: soon is not a number", "value"), "soon is not a number"),
        (Malformed("at most 20: say less", "value"), "at most 20: say less"),
        (Malformed("value: soon is not a number"), "value: soon is not a number"),
        (
            Faulty("device/H1: name: at most 20", "device/H1: kind: at most 10", field="name"),
            "at most 20\ndevice/H1: kind: at most 10",
        ),
    ],
)
def test_beside_its_field_a_fault_does_not_name_it_again(error: Malformed, words: str) -> None:
    assert field_words(error) == words


def test_a_rating_that_no_device_has_is_refused() -> None:
    entries: Mapping[str, Entry] = {"device/H1": Device(name="Oven", rating_kw=1e9)}
    (fault,) = PlannedCatalogue(Catalogue(), entries).faults()
    assert said(fault) == (
        "device/H1: rating_kw: 1000000000.0 kW hat kein Gerät; höchstens 10,000,000"
    )
