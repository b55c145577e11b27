"""Take the pictures of this folder from a running system: all views, light, dark and phone.

python docs/images/demonstration.py http://127.0.0.1:8400   # names and a past, in a fresh folder
python docs/images/shots.py LINK             # the log-in link that `energyguard up` prints
python docs/images/shots.py LINK cluster     # these views only; this one is there with a ring
python docs/images/shots.py LINK --into /tmp/shots

With all views come the contact sheets, ``sheet.webp``, ``sheet-dark.webp``, ``sheet-phone.webp``,
and what a month looks like as a spreadsheet: ``exported.png``. Each has at most 100 kB.
"""

from __future__ import annotations

import argparse
import io
import math
import shutil
from collections import Counter
from html import escape
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

from openpyxl import load_workbook
from PIL import Image
from playwright.sync_api import Browser, Page, StorageState, sync_playwright

VIEWS = {
    "home": "/",
    "alerts": "/alerts",
    "explore": "/explore?of=device/H001,device/H002&span=last-30-days",
    "explain": "/explain?of=device/H001&span=yesterday",
    "sites": "/sites",
    "site": "/sites/lindenhof",
    "device": "/devices/H001",
    "devices": "/devices",
    "households": "/households",
    "building": "/building",
    "building-floor": "/building?floor=p3",
    "stations": "/stations",
    "station-day": "/stations?station=Old Mill",
    "charger": "/devices/charger:default/charger-0",
    "thermometer": "/thermometer",
    "bill": "/bills?of=site/lindenhof&span=last-month",
    "tariffs": "/tariffs",
    "tariff": "/tariffs/home",
    "rules": "/rules",
    "data": "/data",
    "add-device": "/add",
    "notifications": "/notifications",
    "people": "/people",
    "backups": "/backups",
    "settings": "/me",
    "wall": "/wall",
}
SOMETIMES = {"edges": "/edges", "cluster": "/cluster", "regions": "/regions"}
PRESSED = {
    "alert": ("/alerts", (".alert a.about",)),
    "silence": ("/alerts", (".alert a.about", "button:has-text('Silence…')")),
}
"""What is seen after something was pressed; on a phone's screen, which it is for."""
SPANS = {"station-day": "1h", "thermometer": "1h", "building": "24h", "building-floor": "24h"}
LOOKS = {
    "": {"viewport": {"width": 1440, "height": 900}, "color_scheme": "light"},
    "-dark": {"viewport": {"width": 1440, "height": 900}, "color_scheme": "dark"},
    "-phone": {
        "viewport": {"width": 390, "height": 844}, "color_scheme": "light",
        "has_touch": True, "is_mobile": True,
    },
}  # fmt: skip
SETTLED_MS, WAIT_MS = 4_000, 60_000
FILLED = """() => ![...document.querySelectorAll(".waiting, .coming")]
    .some((part) => part.checkVisibility())"""
"""No part that is seen waits for its first numbers."""
EXPORT = "/api/v1/consumption?of=site/lindenhof&of=device/H001&span=last-month&format=xlsx"
SHEET_ROWS = 18
GRID = """
    table { border-collapse: collapse; font: 13px Carlito, Calibri, sans-serif; background: #fff; }
    td { border: 1px solid #d4d4d4; padding: 2px 8px; white-space: nowrap; }
    tr:first-child td { font-weight: 700; }"""
TALLEST = 1_900
COLOURS = (200, 96, 48, 24, 16)
MAX_BYTES = 100_000
QUALITIES = (60, 45, 30, 20, 10)
SHEET_COLUMNS = {"": 4, "-dark": 4, "-phone": 7}
SHEET_CELL = {"": (480, 420), "-dark": (480, 420), "-phone": (200, 433)}


def log_in(browser: Browser, link: str) -> StorageState:
    """Use the link, which is good for once, and keep what the browser got for it."""
    context = browser.new_context()
    context.new_page().goto(link)
    state = context.storage_state()
    context.close()
    return state


def take(
    browser: Browser, link: str, state: StorageState, look: str, into: Path, views: dict[str, str]
) -> dict[str, Image.Image]:
    """Take views in one look, as tall as each is."""
    parts = urlsplit(link)
    page = browser.new_context(
        **LOOKS[look],  # type: ignore[arg-type]
        reduced_motion="reduce",
        storage_state=state,
        locale="en-GB",
    ).new_page()
    width = page.viewport_size["width"] if page.viewport_size else 0
    taken = {}
    for name, path in views.items():
        span = f"{'&' if '?' in path else '?'}range={SPANS[name]}" if name in SPANS else ""
        page.goto(f"{parts.scheme}://{parts.netloc}{path}{span}")
        settled(page)
        for pressed in PRESSED[name][1] if name in PRESSED else ():
            page.locator(pressed).locator("visible=true").first.click()
            settled(page)
        if name not in PRESSED:
            height = min(TALLEST, int(page.evaluate("document.documentElement.scrollHeight")))
            page.set_viewport_size({"width": width, "height": max(844, height)})
            page.wait_for_timeout(400)
        picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
        (into / f"{name}{look}.png").write_bytes(small_png(picture))
        taken[name] = picture
        page.set_viewport_size({"width": width, "height": 844})
    page.context.close()
    return taken


def settled(page: Page) -> None:
    """Wait until all parts have their first numbers."""
    page.wait_for_timeout(SETTLED_MS)
    page.wait_for_function(FILLED, timeout=WAIT_MS)


def small_png(picture: Image.Image) -> bytes:
    """A picture in as many of its colours as keep it small."""
    for colours in COLOURS:
        made = io.BytesIO()
        flat(picture, colours).save(made, "png", optimize=True)
        if made.tell() <= MAX_BYTES:
            break
    return made.getvalue()


def flat(picture: Image.Image, most: int) -> Image.Image:
    """A picture in its own most frequent colours: a page is drawn in few, and each is exact."""
    counted = picture.getcolors(picture.width * picture.height) or []
    seen = Counter({cast("tuple[int, int, int]", colour): n for n, colour in counted})
    colours = [channel for colour, _count in seen.most_common(most) for channel in colour]
    palette = Image.new("P", (1, 1))
    palette.putpalette(colours)
    return picture.quantize(palette=palette, dither=Image.Dither.NONE)


def exported(browser: Browser, base: str, state: StorageState, into: Path) -> None:
    """The first rows of a month's file for Excel, cell by cell as the file has them."""
    context = browser.new_context(storage_state=state, viewport={"width": 900, "height": 600})
    answer = context.request.get(f"{base}{EXPORT}")
    if not answer.ok:
        raise SystemExit(f"no month to show: {answer.status} {answer.text()}")
    rows = load_workbook(io.BytesIO(answer.body())).worksheets[0].iter_rows(max_row=SHEET_ROWS)
    body = "".join(
        f"<tr>{''.join(f'<td>{escape(_cell(cell.value))}</td>' for cell in row)}</tr>"
        for row in rows
    )
    page = context.new_page()
    page.set_content(f"<style>{GRID}</style><table>{body}</table>")
    shown = page.locator("table").screenshot()
    (into / "exported.png").write_bytes(small_png(Image.open(io.BytesIO(shown)).convert("RGB")))
    context.close()


def _cell(value: object) -> str:
    return "" if value is None else f"{value:.5g}" if isinstance(value, float) else str(value)


def sheet(pictures: dict[str, Image.Image], look: str, into: Path) -> None:
    """All views of a look on one picture, each from its top."""
    columns, (width, height) = SHEET_COLUMNS[look], SHEET_CELL[look]
    rows = math.ceil(len(pictures) / columns)
    ground = "#0a0d0f" if look == "-dark" else "#dfe4e6"
    whole = Image.new("RGB", (columns * (width + 12) + 12, rows * (height + 12) + 12), ground)
    for n, picture in enumerate(pictures.values()):
        small = picture.resize((width, round(picture.height * width / picture.width)))
        at = (12 + n % columns * (width + 12), 12 + n // columns * (height + 12))
        whole.paste(small.crop((0, 0, width, min(height, small.height))), at)
    for quality in QUALITIES:
        made = io.BytesIO()
        whole.save(made, "webp", quality=quality, method=6)
        if made.tell() <= MAX_BYTES:
            break
    (into / f"sheet{look}.webp").write_bytes(made.getvalue())


def main() -> None:
    """Take what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("link")
    parser.add_argument("views", nargs="*")
    parser.add_argument("--into", type=Path, default=Path(__file__).parent)
    given = parser.parse_args()
    given.into.mkdir(parents=True, exist_ok=True)
    known = {**VIEWS, **SOMETIMES, **{name: path for name, (path, _pressed) in PRESSED.items()}}
    views = {name: known[name] for name in given.views} if given.views else VIEWS
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        logged_in = log_in(chromium, given.link)
        on_phone = {k: path for k, path in views.items() if k in PRESSED}
        on_phone |= {} if given.views else {k: known[k] for k in PRESSED}
        take(chromium, given.link, logged_in, "-phone", given.into, on_phone)
        for look in LOOKS:
            all_sizes = {k: path for k, path in views.items() if k not in PRESSED}
            taken = take(chromium, given.link, logged_in, look, given.into, all_sizes)
            if not given.views:
                sheet(taken, look, given.into)
        if not given.views:
            parts = urlsplit(given.link)
            exported(chromium, f"{parts.scheme}://{parts.netloc}", logged_in, given.into)
        chromium.close()


if __name__ == "__main__":
    main()
