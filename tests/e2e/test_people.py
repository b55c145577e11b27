"""An admin invites somebody who may only look: two browsers, no shell."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from energyguard.access.tokens import Tokens
from energyguard.settings.tree import Settings
from tests.application.service import MadeUpService
from tests.application.shown import whole
from tests.e2e.accessibility import violations
from tests.e2e.windows import IN_A_BROWSER

pytestmark = IN_A_BROWSER
PASSWORD = "three green apples"
FORGED = """async () => {
  const answers = [];
  for (const [method, path, body] of [
    ["PUT", "/api/v1/rules", {use: []}],
    ["POST", "/api/v1/readings", {}],
    ["GET", "/api/v1/audit", null],
    ["GET", "/people", null],
  ]) {
    const answer = await fetch(path, {method, body: body && JSON.stringify(body),
      headers: {"Content-Type": "application/json"}});
    answers.push(answer.status);
  }
  return answers;
}"""


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> MadeUpService:
    folder: Path = tmp_path_factory.mktemp("people")
    return MadeUpService(settings=Settings.model_validate({"data_dir": folder}))


@pytest.fixture(scope="module")
def address(service: MadeUpService) -> Iterator[str]:
    with whole(service) as found:
        yield found


def test_somebody_is_invited_who_may_only_look(
    browser: Browser, service: MadeUpService, address: str
) -> None:
    tokens = Tokens(service.settings.data_dir, service.clock)
    admin, guest = (browser.new_context(locale="en-GB").new_page() for _ in range(2))
    admin.goto(f"{address}/login?key={tokens.make_link()}&next=/people")
    admin.get_by_label("Name", exact=True).first.fill("nina")
    admin.get_by_role("button", name="Make the link").click()
    link = admin.locator("pre.copy-text", has_text="/invite?key=").inner_text()
    expect(admin.get_by_text("invited, has no password yet")).to_be_visible()
    assert violations(admin) == []

    guest.goto(link)
    assert violations(guest) == []
    guest.get_by_label("Password", exact=True).fill(PASSWORD)
    guest.get_by_label("Once more").fill(PASSWORD)
    guest.get_by_role("button", name="Begin").click()
    expect(guest.locator(".chip .dot")).to_be_visible()
    expect(guest.get_by_role("link", name="People")).to_have_count(0)
    assert guest.evaluate(FORGED) == [403, 403, 403, 403]
    guest.goto(f"{address}/devices/H017")
    expect(guest.locator(".chip .dot")).to_be_visible()
    expect(guest.get_by_role("button", name="Edit")).to_have_count(0)
    guest.goto(f"{address}/alerts")
    expect(guest.locator(".chip .dot")).to_be_visible()
    expect(guest.get_by_role("button", name="Acknowledge")).to_have_count(0)

    expect(admin.get_by_text("look · all sites").first).to_be_visible()
    expect(admin.get_by_text("nina: refused: PUT /api/v1/rules")).to_be_visible()
    admin.get_by_role("button", name="Change nina").click()
    admin.get_by_role("dialog").get_by_label("May").select_option("operate")
    admin.get_by_role("button", name="Change it").click()
    expect(admin.get_by_text("look and act: alerts, limits, names · all sites")).to_be_visible()
    expect(admin.locator(".q-notification")).to_have_count(0)  # it fades
    assert violations(admin) == []
    admin.get_by_role("button", name="Log out nina").first.click()
    guest.wait_for_timeout(2_500)
    guest.goto(f"{address}/")
    expect(guest.get_by_role("button", name="Log in").first).to_be_visible()
    assert violations(guest) == []
    guest.get_by_label("Name", exact=True).fill("nina")
    guest.get_by_label("Password").fill(PASSWORD)
    guest.get_by_role("button", name="Log in").first.click()
    expect(guest.locator(".chip .dot")).to_be_visible()
    for page in (admin, guest):
        page.context.close()


def test_a_wall_screen_has_its_key_out_of_the_address(
    browser: Browser, service: MadeUpService, address: str
) -> None:
    from energyguard.model.access import AccessRole

    token = Tokens(service.settings.data_dir, service.clock).create("wall", AccessRole.READ)
    screen = browser.new_context().new_page()
    screen.goto(f"{address}/wall?key={token}")
    assert token not in screen.url
    assert screen.evaluate(FORGED)[:3] == [403, 403, 403]
    screen.context.close()
