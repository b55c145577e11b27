"""Take the pictures of this folder from a running system: all views, light, dark and phone.

python docs/images/shots.py LINK             # the log-in link that `energyguard up` prints
python docs/images/shots.py LINK cluster     # these views only; this one is there with a ring
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Browser, StorageState, sync_playwright

VIEWS = {
    "home": "/",
    "sites": "/sites",
    "wall": "/wall",
    "households": "/households",
    "building": "/building",
    "building-floor": "/building?floor=p3",
    "stations": "/stations",
    "station-day": "/stations?station=Old Mill",
    "thermometer": "/thermometer",
    "alerts": "/alerts",
    "explore": "/explore?of=device/H001,device/H002&span=today",
    "device": "/devices/H001",
    "add-device": "/add",
    "devices": "/devices",
    "data": "/data",
    "edges": "/edges",
    "cluster": "/cluster",
}
SPANS = {"station-day": "1h", "thermometer": "1h", "building": "24h", "building-floor": "24h"}
LOOKS = {
    "": {"viewport": {"width": 1440, "height": 900}, "color_scheme": "light"},
    "-dark": {"viewport": {"width": 1440, "height": 900}, "color_scheme": "dark"},
    "-phone": {"viewport": {"width": 390, "height": 844}, "color_scheme": "light"},
}
SETTLED_MS = 6_000
TALLEST = 1_900


def log_in(browser: Browser, link: str) -> StorageState:
    """Use the link, which is good for once, and keep what the browser got for it."""
    context = browser.new_context()
    context.new_page().goto(link)
    state = context.storage_state()
    context.close()
    return state


def take(
    browser: Browser, link: str, state: StorageState, look: str, into: Path, views: list[str]
) -> None:
    """Take views in one look, as tall as each is."""
    parts = urlsplit(link)
    page = browser.new_context(
        **LOOKS[look],  # type: ignore[arg-type]
        reduced_motion="reduce",
        storage_state=state,
    ).new_page()
    width = page.viewport_size["width"] if page.viewport_size else 0
    for name in views:
        mark = "&" if "?" in VIEWS[name] else "?"
        span = SPANS.get(name, "6h")
        page.goto(f"{parts.scheme}://{parts.netloc}{VIEWS[name]}{mark}range={span}")
        page.wait_for_timeout(SETTLED_MS)
        height = min(TALLEST, int(page.evaluate("document.documentElement.scrollHeight")))
        page.set_viewport_size({"width": width, "height": max(844, height)})
        page.wait_for_timeout(500)
        page.screenshot(path=into / f"{name}{look}.png")
        page.set_viewport_size({"width": width, "height": 844})
    page.context.close()


if __name__ == "__main__":
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        logged_in = log_in(chromium, sys.argv[1])
        for kind in LOOKS:
            wanted = sys.argv[2:] or list(VIEWS)
            take(chromium, sys.argv[1], logged_in, kind, Path(__file__).parent, wanted)
        chromium.close()
