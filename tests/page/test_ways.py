"""Add a device: each dialect of text is a way, and what it shows is taken."""

from __future__ import annotations

import re
from urllib.parse import parse_qs

import pytest

from energyguard.codecs.formats import decode
from energyguard.codecs.headers import known
from energyguard.page.devices.ways import PATH, Way, ways


def test_each_registered_dialect_of_text_is_a_way() -> None:
    shown = [way.name for way in ways()]
    text = re.compile(rb"[ -~\n]*")
    written = {dialect.name for dialect in known().all if text.fullmatch(dialect.example)}
    assert shown[:2] == ["csv", "json"]
    more = {"mapped", "homeassistant", "thingsboard", "volkszaehler"}  # than a token and a line
    assert set(shown) >= written - more > {"csv", "json", "influx", "prometheus-text"}
    assert not {"arrow", *more} & set(shown)


@pytest.mark.parametrize("way", ways(), ids=lambda way: way.name)
def test_its_example_is_taken_at_its_address(way: Way) -> None:
    address = way.address("http://host/")
    query = {name: found[0] for name, found in parse_qs(address.partition("?")[2]).items()}
    shape = query.get("shape") if way.path == PATH else way.name
    device = query.get("device", "")
    _, decoded = decode(way.example.encode(), shape, device=device)
    assert decoded.batch.num_rows and not decoded.refused
