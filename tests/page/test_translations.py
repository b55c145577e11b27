"""Every text of the page is there in every language, with the same values in it."""

from __future__ import annotations

import re
from collections.abc import Iterable

import pytest
from babel.messages.catalog import Message

from tests.page.texts import PageText, catalog, texts

LANGUAGES = ("de", "it", "pl")
_VALUE = re.compile(r"\{[a-z_]*\}")


@pytest.fixture(scope="module")
def known() -> list[PageText]:
    return texts()


def strings(message: Message) -> Iterable[str]:
    return (message.string,) if isinstance(message.string, str) else message.string or ()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_has_a_translation(language: str, known: list[PageText]) -> None:
    there = catalog(language)
    missing = [
        text.one
        for text in known
        if (found := there.get(text.one)) is None or not all(strings(found))
    ]
    assert missing == [], "run python -m tests.page.texts, and fill in what is empty"


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_translation_has_the_values_of_its_text(language: str) -> None:
    wrong = []
    for message in catalog(language):
        ids = (message.id,) if isinstance(message.id, str) else message.id
        values = set(_VALUE.findall(" ".join(ids)))
        for string in strings(message):
            found = set(_VALUE.findall(string))
            if message.id and found != values and not (len(ids) > 1 and values - found == {"{n}"}):
                wrong.append((message.id, string))
    assert wrong == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_translated_that_nobody_says(language: str, known: list[PageText]) -> None:
    shown = {text.one for text in known}
    ids = [m.id if isinstance(m.id, str) else m.id[0] for m in catalog(language) if m.id]
    assert set(ids) <= shown
