"""What the service refuses is said in the reader's language, wherever its words are known."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

import energyguard
from energyguard.catalogue import Catalogue
from energyguard.catalogue.checks import PlannedCatalogue
from energyguard.model.catalogue import Device, Entry, Site
from energyguard.page.words.faults import _FAULTS, fault_words
from energyguard.page.words.language import reader, speak, speaking

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
