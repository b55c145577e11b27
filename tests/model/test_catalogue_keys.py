"""What a person means who names something of the catalogue."""

from __future__ import annotations

import pytest

from energyguard.model.catalogue import key_meant


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("", ""),
        ("H001", "device/H001"),
        ("device/H001", "device/H001"),
        ("site/lindenhof", "site/lindenhof"),
        ("home/export", "device/home/export"),
        ("site", "device/site"),
    ],
)
def test_a_device_is_meant_where_no_kind_is_named(text: str, key: str) -> None:
    assert key_meant(text) == key
