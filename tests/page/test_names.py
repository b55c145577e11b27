"""What domains know is called so in the reader's language; what people named keeps its name."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import cast

import pytest

from energyguard.catalogue import Catalogue
from energyguard.domains.building.places import FloorPlaces
from energyguard.model.topics import BUILDING_READINGS
from energyguard.page.measures.picked import name_of
from energyguard.page.words.language import reader, speak, speaking
from energyguard.page.words.names import device_name, site_name
from energyguard.service.catalogue.contract import SiteCatalogue
from tests.application.service import MadeUpService


@pytest.fixture
def german() -> Iterator[None]:
    token = speak(reader("de"))
    yield
    speaking.reset(token)


def test_a_floor_is_an_etage_until_people_name_it(german: None) -> None:
    entries = Catalogue()
    for key, entry in FloorPlaces().sender("p3", BUILDING_READINGS.name):
        entries.see(key, entry, "building")
    catalogue = cast(SiteCatalogue, SimpleNamespace(entries=entries))
    assert device_name(catalogue, "p3") == name_of(catalogue, "device/p3") == "Etage 3"
    assert site_name(catalogue, "building") == name_of(catalogue, "site/building") == "Gebäude"
    assert site_name(catalogue, "gone") == "gone"
    assert device_name(catalogue, "H001") == "H001"


def test_a_name_that_people_gave_is_theirs(german: None, service: MadeUpService) -> None:
    service.enter("site/annex", name="Building")
    service.enter("device/p9", name="Floor 9", site="annex")
    assert site_name(service.catalogue, "annex") == "Building"
    assert device_name(service.catalogue, "p9") == "Floor 9"
