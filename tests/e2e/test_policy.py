"""The whole application in a real browser under its own policy; and pages slow, closed, missing."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser

from energyguard.page.frame import layout
from energyguard.settings.tree import Settings
from tests.application.service import MadeUpService
from tests.application.shown import whole
from tests.e2e.test_every_view import DRAWN, LISTED
from tests.e2e.windows import IN_A_BROWSER, opened
from tests.hostile.served import connect

pytestmark = IN_A_BROWSER[2]


class SlowService(MadeUpService):
    """Answers late, where it is told to."""

    late_s = 0.0
    broken = False

    def overview(self):  # type: ignore[no-untyped-def]
        time.sleep(self.late_s)
        if self.broken:
            raise ZeroDivisionError("a fault of ours")
        return super().overview()


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> SlowService:
    folder = tmp_path_factory.mktemp("policy")
    return SlowService(
        floors=4, settings=Settings.model_validate({"data_dir": folder, "serve": {"auth": False}})
    )


@pytest.fixture(scope="module")
def address(service: SlowService) -> Iterator[str]:
    with whole(service) as found:
        yield found


@pytest.mark.slow  # each view by itself: test_every_view.py, where what is blocked is an error, too
@pytest.mark.browser
@pytest.mark.skipif("not __import__('shutil').which('chromium')", reason="needs Chromium")
def test_the_policy_blocks_nothing_of_ours(browser: Browser, address: str) -> None:
    with opened(browser, address) as window:
        for path in LISTED:
            page = window.open(path)
            page.locator(DRAWN).filter(visible=True).first.wait_for()
        page.get_by_role("button", name="Dark or light").click()
        page.locator("html[data-theme]").wait_for()


@pytest.mark.browser
@pytest.mark.skipif("not __import__('shutil').which('chromium')", reason="needs Chromium")
def test_the_policy_blocks_what_is_injected(browser: Browser, address: str) -> None:
    page = browser.new_page()
    answer = page.goto(address + "/")
    assert answer is not None
    assert "'unsafe-inline'" not in answer.headers["content-security-policy"].split("style-src")[0]
    page.locator(".chip .dot").wait_for()
    page.evaluate("""() => {
      document.body.insertAdjacentHTML("beforeend", "<img src='data:,' onerror='window.bad = 1'>");
      const script = document.createElement("script");
      script.textContent = "window.bad = 2";
      document.body.append(script);
      const far = document.createElement("img");
      far.src = "http://198.51.100.1/x.png";
      document.body.append(far);
    }""")
    page.wait_for_timeout(500)
    assert page.evaluate("window.bad") is None
    page.close()


@pytest.mark.browser
@pytest.mark.skipif("not __import__('shutil').which('chromium')", reason="needs Chromium")
@pytest.mark.parametrize("path", ["/api/v1/docs", "/login", "/nowhere"])
def test_the_policy_lets_the_other_pages_be(browser: Browser, address: str, path: str) -> None:
    page, wrong = browser.new_page(), []
    page.on("console", lambda m: wrong.append(m.text) if "Policy" in m.text else None)
    page.goto(address + path, wait_until="networkidle")
    assert wrong == []
    page.close()


def test_what_is_missing_or_broken_is_told_in_our_words(address: str) -> None:
    with httpx.Client(base_url=address, trust_env=False, timeout=60) as http:
        for method, path in (
            ("GET", "/nowhere"),
            ("GET", "/households/x"),
            ("POST", "/"),
            ("PUT", "/x"),
        ):
            answer = http.request(method, path)
            assert answer.status_code in (404, 405)
            assert "No such page" in answer.text
        program = http.get("/api/v1/nowhere")
        assert program.json()["error"]["code"] == "not-found"


def test_a_page_that_is_built_slowly_comes(
    address: str, service: SlowService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layout, "FIRST_S", 5.0)  # beyond the three of the framework
    monkeypatch.setattr(service, "late_s", 6.0, raising=False)
    answer = httpx.get(address + "/", trust_env=False, timeout=60)
    assert answer.status_code == 200
    assert "This page took" not in answer.text


def test_a_page_that_is_closed_or_broken_leaves_nothing_unhandled(
    address: str,
    service: SlowService,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(service, "late_s", 1.0, raising=False)
    port = int(address.rsplit(":", 1)[1])
    with caplog.at_level(logging.WARNING):
        for broken in (False, True):
            monkeypatch.setattr(service, "broken", broken, raising=False)
            for _ in range(3):
                with connect(port) as one:
                    one.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
                    time.sleep(0.3)
            assert httpx.get(address + "/", trust_env=False, timeout=60).status_code == 200
            time.sleep(3)
    import gc

    gc.collect()
    time.sleep(0.3)
    seen = caplog.text + "".join(capfd.readouterr())
    assert "never retrieved" not in seen
    assert "Exception in" not in seen
