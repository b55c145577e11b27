"""Log-in, invitation and faults speak the language of the browser; no word of them is forgotten."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from energyguard.api.bare_pages import page as bare_page
from energyguard.api.bare_pages.fault import page_of
from tests.api.test_auth import House
from tests.page.marking import GERMAN_MARKED, words_left

GERMAN = {"Accept-Language": "de-AT,de;q=0.9"}
_UNREAD = re.compile(r"<(style|code)\b.*?</\1>|<[^>]*>", re.DOTALL)


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


async def test_the_log_in_speaks_the_browsers_language(house: House) -> None:
    german = await house.http.get("/login", headers=GERMAN)
    assert '<html lang="de">' in german.text
    assert "<button>Anmelden</button>" in german.text
    refused = await house.http.post("/login", data={"token": "no"}, headers=GERMAN)
    assert "Dieser Token ist nicht bekannt." in refused.text
    assert "<button>Log in</button>" in (await house.http.get("/login")).text


async def test_every_word_of_the_pages_is_translated(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bare_page, "reader_of", lambda *_: GERMAN_MARKED)
    key = house.tokens.make_link("mara", invites=True)
    answers = [
        await house.http.get("/login"),
        await house.http.get("/invite", params={"key": key}),
        await house.http.post("/login", data={"name": "mara", "password": "no"}),
        await house.http.get("/wall/enter", params={"key": "no"}),
    ]
    pages = [answer.text for answer in answers]
    for status in (403, 404, 500, 503):
        scope = {"type": "http", "path": "/none", "headers": []}
        pages.append(bytes(page_of(status, scope).body).decode())
    for page in pages:
        words = _UNREAD.sub(" ", page)
        assert "\u27e6" in words
        assert words_left(words, ["mara", "/none"]) == set()
