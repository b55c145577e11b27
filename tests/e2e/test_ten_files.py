"""Ten files of real kinds in one drag, from a phone to a desk; the totals are those of REST."""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from energyguard.processes.registry import living
from tests.e2e.ten_files import BroughtFile, ten_files
from tests.e2e.test_up import Up
from tests.e2e.windows import IN_A_BROWSER, Window, fits_and_axe_finds_nothing, opened
from tests.waiting import until

pytestmark = [*IN_A_BROWSER, pytest.mark.slow]
PICTURES = os.environ.get("TEST_PICTURES", "")
"""A folder for pictures of each step, for who wants to look at them."""
_DRAG = """(files) => {
  const held = new DataTransfer();
  for (const [name, text] of files) {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    held.items.add(new File([bytes], name));
  }
  const event = new DragEvent("drop", { dataTransfer: held, bubbles: true, cancelable: true });
  document.querySelector(".drop").dispatchEvent(event);
}"""


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    made = Up(tmp_path_factory.mktemp("ten") / "data", "history.flush=100ms", demo=False)
    yield made
    made.end()
    assert not living(made.data_dir)


@pytest.fixture(scope="module")
def rest(up: Up) -> Iterator[httpx.Client]:
    address = str(httpx.URL(up.link()).copy_with(path="/", query=None)).rstrip("/")
    with httpx.Client(base_url=address, trust_env=False, timeout=60.0) as http:
        http.get(up.link(), follow_redirects=True).raise_for_status()
        yield http


@pytest.fixture
def window(browser: Browser, rest: httpx.Client) -> Iterator[Window]:
    address = str(rest.base_url).rstrip("/")
    with opened(browser, address) as seen:
        cookies = [
            {"name": c.name, "value": c.value or "", "url": address} for c in rest.cookies.jar
        ]
        seen.page.context.add_cookies(cookies)  # type: ignore[arg-type]
        yield seen


def drag(page: Page, files: Sequence[BroughtFile]) -> None:
    page.evaluate(_DRAG, [[f.name, base64.b64encode(f.content).decode()] for f in files])


def look_of(page: Page, file: BroughtFile) -> Locator:
    return page.locator("details.looked-at", has=page.locator("summary", has_text=file.name))


def answer(page: Page, file: BroughtFile) -> None:
    """What is asked of a file, and what is known better."""
    look = look_of(page, file)
    for mark, said in file.says.items():
        if mark == "zone":
            look.get_by_label("Time zone").fill(said)
            look.get_by_label("Time zone").press("Tab")
            expect(look.get_by_text(f"{said} · you say so")).to_be_visible()
        else:
            look.locator(".doubt select").first.select_option(said)
            expect(look.get_by_text("is understood")).to_be_visible()


def picture(page: Page, name: str) -> None:
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"{name}.png", full_page=True)


def total(rest: httpx.Client, device: str, file: BroughtFile) -> Decimal | None:
    given = {"of": f"device/{device}", "span": file.span, "zone": file.zone}
    (found,) = rest.get("/api/v1/consumption", params=given).raise_for_status().json()["series"]
    return None if found["total_kwh"] is None else round(Decimal(str(found["total_kwh"])), 9)


def test_ten_files_are_dragged_answered_named_placed_and_imported(
    window: Window, rest: httpx.Client
) -> None:
    site = {"name": "Ten houses"}
    rest.put("/api/v1/sites/ten", json=site).raise_for_status()
    files = ten_files()
    window.page.set_viewport_size({"width": 390, "height": 844})
    page = window.open("/data#files")
    drag(page, files)
    for file in files:
        expect(look_of(page, file)).to_have_text(re.compile("is understood|question is open"))
    picture(page, "phone-dragged")
    page.reload()  # what was brought is there again
    for file in files:
        expect(look_of(page, file)).to_have_text(re.compile("is understood|question is open"))
        answer(page, file)
    picture(page, "phone-answered")
    fits_and_axe_finds_nothing(page)
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 1440, "height": 900})
    page.reload()  # and the answers too
    for file in files:
        look = look_of(page, file)
        expect(look.get_by_text("is understood")).to_be_visible()
        if file.device:
            look.get_by_label("Device", exact=True).fill(file.device)
        look.get_by_label("Site").select_option("ten")
    picture(page, "desk-named")
    page.get_by_role("button", name="Import all 10 files that are clear").click()
    for file in files:
        expect(page.get_by_text(re.compile(rf"^{re.escape(file.name)}: .* taken$"))).to_be_visible()
    picture(page, "desk-imported")
    page.set_viewport_size({"width": 390, "height": 844})
    picture(page, "phone-imported")
    for file in files:
        for device, kwh in file.sums.items():
            until(lambda d=device, f=file, k=kwh: total(rest, d, f) == k, device)  # type: ignore[misc]
            path = f"/api/v1/catalogue/devices/{quote(device, safe='')}"
            entry = rest.get(path).raise_for_status().json()["entry"]
            assert (entry["site"], entry["name"]) == ("ten", file.device)
