"""Selectors: which devices something is about."""

from __future__ import annotations

import pytest

from energyguard.model.selector import DeviceFacts, Selector

OVEN = DeviceFacts("p1", ("f2", "l12"), ("ovens",), "meter", {"floor": "2nd floor"})


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("", True),
        ("id=p*", True),
        ("id=q*", False),
        ("site=l12", True),
        ("site=f2 kind=meter group=ovens", True),
        ("site=f2 kind=charger", False),
        ("label.floor='2nd floor'", True),
        ("label.tenant=*", False),
    ],
)
def test_a_device_matches_all_terms(text: str, matches: bool) -> None:
    selector = Selector.parse(text)
    assert selector.matches(OVEN) is matches
    assert Selector.parse(str(selector)) == selector


@pytest.mark.parametrize("text", ["p*", "id=", "=p", "label.=x", "colour=red", "id='p"])
def test_what_is_no_selector_says_what_one_is(text: str) -> None:
    with pytest.raises(ValueError, match=r"write id=…|quotation"):
        Selector.parse(text)


def test_a_device_without_an_entry_is_known_by_its_id_alone() -> None:
    assert Selector.parse("id=x").matches(DeviceFacts("x"))
    assert not Selector.parse("kind=*").matches(DeviceFacts("x"))
    assert Selector.parse("id=x id=*").looks_at_ids_only
    assert not Selector.parse("id=x site=y").looks_at_ids_only


def test_a_selector_is_written_as_it_is_read() -> None:
    for text in ("id=p[1-9]*", "site=lindenhof kind=meter", "'label.room=big hall' id=it\\'s"):
        selector = Selector.parse(text)
        assert Selector.parse(str(selector)) == selector
    assert str(Selector.parse("id=p* site=home")) == "id=p* site=home"
