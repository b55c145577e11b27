"""From nothing to readings by hand alone, on a running system; REST says what came of it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator

import httpx
import msgspec
import pytest
from playwright.sync_api import Browser, expect

from energyguard.node import Ready
from tests.e2e.processes import roles
from tests.e2e.windows import IN_A_BROWSER, Window, fits_and_axe_finds_nothing, opened
from tests.waiting import until

pytestmark = IN_A_BROWSER


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ready]:
    """Where the page is, with log-in; beside it who owns the catalogue."""
    folder = tmp_path_factory.mktemp("bring") / "data"
    card = folder / "run" / "serve.json"
    with roles(folder, "catalogue", "serve", more=("serve.auth=true", "serve.port=0")) as running:
        until(card.exists)
        yield msgspec.json.decode(card.read_bytes(), type=Ready)
        for role in running:
            role.stop()


@pytest.fixture(scope="module")
def address(ready: Ready) -> str:
    return ready.url.rstrip("/")


@pytest.fixture(scope="module")
def rest(ready: Ready, address: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=address, trust_env=False, timeout=60.0) as http:
        http.get(ready.login, follow_redirects=True).raise_for_status()
        yield http


@pytest.fixture
def window(browser: Browser, address: str, rest: httpx.Client) -> Iterator[Window]:
    with opened(browser, address) as seen:
        jar = rest.cookies.jar
        cookies = [{"name": c.name, "value": c.value or "", "url": address} for c in jar]
        seen.page.context.add_cookies(cookies)  # type: ignore[arg-type]
        yield seen


def test_a_sender_is_connected_by_the_line_that_is_shown_and_named(
    window: Window, rest: httpx.Client
) -> None:
    page = window.open("/add")
    expect(page.get_by_text("Waiting for the first reading")).to_be_attached()
    page.get_by_label("Whose is it?").fill("cellar-gateway")
    page.get_by_role("button", name="Make the token").click()
    token = page.get_by_label("The token of cellar-gateway").first.inner_text()
    fits_and_axe_finds_nothing(page)
    line = page.get_by_role("region", name="Try it").inner_text()
    sent = subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=True)
    assert json.loads(sent.stdout)["accepted"] == 1, sent.stdout
    expect(page.get_by_role("heading", name="cellar is sending; give it a name")).to_be_visible()
    arrival = page.locator(".arrival", has_text="cellar")
    expect(arrival.get_by_text("1.18")).to_be_visible()
    form = arrival.locator("form")
    if not form.count():
        arrival.get_by_role("button", name="Name it cellar").click()
    form.get_by_label("Name", exact=True).fill("Cellar light")
    form.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Cellar light is there")).to_be_visible()
    known = rest.get("/api/v1/catalogue/devices/cellar").raise_for_status().json()
    assert known["name"] == "Cellar light"
    for name in ("json", "thermometer"):  # each way, as its example is registered
        page.get_by_label("How does it send?").select_option(name)
        expect(page.get_by_role("region", name="Try it")).not_to_have_text(line)
        line = page.get_by_role("region", name="Try it").inner_text()
        sent = subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=True)
        assert json.loads(sent.stdout)["accepted"] == 1, sent.stdout
    bearer = {"Authorization": f"Bearer {token}"}
    assert (
        httpx.get(f"{window.address}/api/v1/audit", headers=bearer, trust_env=False).status_code
        == 403
    )
    page.get_by_role("button", name="Revoke cellar-gateway").click()
    expect(page.get_by_label("Whose is it?")).to_be_visible()
    sent = subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=True)
    assert "accepted" not in sent.stdout
