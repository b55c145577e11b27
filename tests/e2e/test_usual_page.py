"""What is usual, in a real browser: the band, a limit tried on the past, the slider."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from energyguard.page.words.formatting import number
from energyguard.settings.tree import Settings
from tests.application.service import MadeUpService
from tests.application.shown import whole
from tests.e2e.windows import IN_A_BROWSER, Window, fits_and_axe_finds_nothing, opened
from tests.page.test_budget import RULE, has_raised

pytestmark = IN_A_BROWSER


@pytest.fixture
def window(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Window]:
    folder = tmp_path_factory.mktemp("usual")
    settings = Settings.model_validate({"data_dir": folder, "serve": {"auth": False}})
    made = has_raised(MadeUpService(floors=4, settings=settings))
    with whole(made) as address, opened(browser, address) as seen:
        seen.page.emulate_media(reduced_motion="reduce")
        yield seen


def test_what_the_page_says_is_usual_and_would_have_been_is_what_rest_says(window: Window) -> None:
    page = window.open("/devices/p4?channel=power_kw")
    rest = page.request
    expect(page.locator("#series .plot .usual").first).to_be_visible()
    profile = rest.get(f"{window.address}/api/v1/devices/p4/profile?channel=power_kw").json()
    words = page.locator("#series").get_by_text("Pale: usual on ")
    expect(words).to_be_visible()
    half_hour = (words.text_content() or "").removeprefix("Pale: usual on ").partition(": ")[0]
    (usual,) = [row for row in profile["half_hours"] if row["half_hour"] == half_hour]
    expect(words).to_contain_text(f"{number(usual['low'])}–{number(usual['high'])}")

    page = window.open("/devices/H017")
    limits = page.locator("#limits")
    limits.get_by_label("household-prod raises above").fill("2.2")
    limits.get_by_role("button", name="90 days household-prod").press("Enter")
    says = limits.get_by_role("status").filter(has_text="It would have raised")
    expect(says).to_be_visible()
    tried = {"rule": "household-prod", "device": "H017", "change": {"raise_above": "2.2"}}
    found = rest.post(f"{window.address}/api/v1/rules/try", data=tried).json()["alerts"]
    assert found
    expect(says).to_contain_text(f"raised {len(found)} alert")
    fits_and_axe_finds_nothing(page)

    page = window.open("/notifications")
    card = page.locator(f"#budget-{RULE}")
    expect(card.get_by_text("5 in 12 weeks with this number")).to_be_visible()
    knob = card.get_by_role("slider").locator("[tabindex]")
    knob.press("ArrowLeft")
    knob.press("ArrowLeft")
    budget = rest.get(f"{window.address}/api/v1/rules/{RULE}/budget?alerts_a_week=0.02").json()
    would = sum(week["would_be"] for week in budget["weeks"])
    were = sum(week["alerts"] for week in budget["weeks"])
    expect(card.get_by_text(f"{would} in 12 weeks with this number; {were} were")).to_be_visible()
