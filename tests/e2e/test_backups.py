"""A system that runs is copied, goes on, and is put back as it was, by the page alone."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, expect

from energyguard.history.client import HistoryClient
from tests.e2e.meters import free_port
from tests.e2e.windows import IN_A_BROWSER
from tests.waiting import until

pytestmark = IN_A_BROWSER
CLIENT = httpx.Client(timeout=60)
SETTINGS = ("history.port=0", "history.flush=100ms", "serve.auth=false")


@pytest.fixture
def api(tmp_path: Path) -> Iterator[str]:
    """The API of an ``up`` that simulates nothing."""
    port = free_port()
    words = [w for one in (*SETTINGS, f"serve.port={port}") for w in ("--set", one)]
    command = [sys.executable, "-m", "energyguard", "up", "--no-demo"]
    command += ["--data-dir", str(tmp_path / "data"), *words]
    with (tmp_path / "up.txt").open("w") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
    yield f"http://127.0.0.1:{port}/api/v1"
    process.terminate()
    process.wait(60)


def there(api: str) -> bool:
    try:
        return CLIENT.get(f"{api}/alerts").status_code == 200
    except httpx.TransportError:
        return False


def send(api: str, device: str) -> None:
    """A minute of readings, just now."""
    now = datetime.now(UTC)
    readings = [
        {
            "timestamp": (now - timedelta(seconds=s)).isoformat(),
            "household_id": device,
            "energy_kwh": 0.01,
        }
        for s in range(60)
    ]
    assert CLIENT.post(f"{api}/readings", json=readings).json()["accepted"] == 60


def kept(folder: Path) -> dict[str, int]:
    """Readings of each device in the history."""
    client = HistoryClient(folder)
    try:
        rows = client.query("devices", device="").to_pylist()
    finally:
        client.close()
    return {row["device"]: row["readings"] for row in rows}


@pytest.mark.slow  # `tests/backup` copies and restores, test_alerts_page.py asks on the page
def test_a_copy_is_made_while_all_runs_and_put_back_on_the_page(
    browser: Browser, api: str, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    until(lambda: there(api))
    send(api, "before")
    until(lambda: kept(data) == {"before": 60})
    send(api, "just before")  # in the log, perhaps not yet in the history
    page = browser.new_page()
    page.goto(api.replace("/api/v1", "/backups"))
    page.get_by_role("button", name="Make a copy now").click()
    expect(page.locator("#backups .alert")).to_have_count(1)
    (made,) = CLIENT.get(f"{api}/backups").json()
    send(api, "after")
    until(lambda: "after" in kept(data))
    assert CLIENT.post(f"{api}/backups/none/restore").status_code == 404
    page.evaluate("document.body.dataset.before = 'yes'")
    page.get_by_role("button", name="Put it back…").click()
    page.get_by_role("button", name="Put it back", exact=True).click()
    until(lambda: [*tmp_path.glob("data.before-*")] and there(api))
    until(lambda: kept(data) == {"before": 60, "just before": 60})
    # by itself the page is that of what runs now
    expect(page.locator("body:not([data-before]) #backups .alert")).to_have_count(1)
    assert CLIENT.get(f"{api}/backups").json() == [made]
    send(api, "later")  # and it goes on
    until(lambda: kept(data).get("later") == 60)
    page.close()
