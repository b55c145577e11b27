"""Each person reads the page in words, numbers and times of his own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from nicegui.testing import User

from energyguard.log import EARLIEST
from energyguard.page.words import formatting
from energyguard.page.words.language import LANGUAGES, _, reader, reader_of, speak, speaking
from energyguard.records.preferences import Preferences
from energyguard.service.preferences import PersonPreferences
from energyguard.testing import MemoryLog
from tests.application.service import MadeUpService
from tests.page.test_views import sees

AT = 1_795_531_085_000  # Tue 24 Nov 2026, 14:38:05 UTC


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    token = speaking.set(None)
    yield
    speaking.reset(token)


@pytest.mark.parametrize(
    ("language", "numbers", "clock", "reads"),
    [
        ("en", "", "", "1,234.5\u00a0kWh · Tue 24 Nov 2026, 14:38"),
        ("en", "en_US", "", "1,234.5\u00a0kWh · Tue, Nov 24, 2026, 2:38\u00a0PM"),
        ("de", "", "", "1.234,5\u00a0kWh · Di., 24.11.2026, 14:38"),
        ("it", "", "", "1.234,5\u00a0kWh · mar 24 nov 2026, 14:38"),
        ("pl", "", "", "1\u00a0234,5\u00a0kWh · wt., 24.11.2026, 14:38"),
        ("en", "de_DE", "12", "1.234,5\u00a0kWh · Tue, 24.11.2026, 2:38\u00a0PM"),
    ],
)
def test_numbers_and_times_read_as_people_write_them(
    language: str, numbers: str, clock: str, reads: str
) -> None:
    speak(reader(language, numbers, clock))
    when = formatting.moment(AT, "UTC", "%a %-d %b %Y, %H:%M")
    assert f"{formatting.amount(1_234_500_000_000, 'kWh')} · {when}" == reads


def test_below_a_kilowatt_it_is_watts_and_minus_is_a_minus() -> None:
    assert formatting.measured(0.31, "kW") == "310\u00a0W"
    assert formatting.measured(-2.5, "kW") == "\u22122.50\u00a0kW"
    assert formatting.measured(None, "kW") == "–"


@pytest.mark.parametrize(
    ("chosen", "accepted", "language", "locale"),
    [
        (Preferences(), "de-AT,de;q=0.9,en;q=0.8", "de", "de_DE"),
        (Preferences(), "en-US,en", "en", "en_US"),
        (Preferences(), "fr-FR,it;q=0.5", "it", "it_IT"),
        (Preferences(), "", "en", "en_GB"),
        (Preferences(language="pl"), "de-DE", "pl", "pl_PL"),
        (Preferences(language="de", numbers="en_GB"), "it", "de", "en_GB"),
    ],
)
def test_a_person_chooses_else_the_browser_says(
    chosen: Preferences, accepted: str, language: str, locale: str
) -> None:
    found = reader_of(chosen, accepted)
    assert (found.language, str(found.locale)) == (language, locale)


def test_preferences_are_the_same_in_every_process() -> None:
    log = MemoryLog()
    here, there = PersonPreferences(log), PersonPreferences(log)
    here.put("mara", Preferences(language="de"))
    here.put("mara", Preferences(language="it"))
    for part in log.read(log.positions("energyguard.preferences", EARLIEST), 10, 0):
        there.take(part)
    assert there.of("mara") == here.of("mara") == Preferences(language="it")
    assert there.of("enzo") == Preferences()


async def test_a_page_is_in_the_language_of_who_looks(user: User, service: MadeUpService) -> None:
    service.preferences.put("somebody", Preferences(language="de"))
    await user.open("/")
    await sees(user, "Heute bisher")
    await sees(user, "Sa., 22.11.2025")
    assert _("Today so far") == "Today so far"  # outside of that page


def test_every_language_says_its_own_name() -> None:
    assert set(LANGUAGES) == {"en", "de", "it", "pl"}
