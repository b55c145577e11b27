"""Take pictures of mails as the notifier sends them: an alert, several, an end, a weekly report.

python -m docs.images.mails                      # mail.png and mail-phone.png of this folder
python -m docs.images.mails --all --into /tmp    # each kind at 390 and 700 px, light and dark

Made-up alerts go through a notifier to a mail server of this machine; what it got is shown.
"""

from __future__ import annotations

import argparse
import io
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from email.message import EmailMessage
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from docs.images.shots import small_png
from energyguard.clock import ManualClock
from energyguard.model.alerts import Severity
from energyguard.model.catalogue import Device, Site
from energyguard.service.contract import Service
from energyguard.testing import MemoryLog
from tests.application.service import MadeUpService
from tests.notifier.made import House, ends, enter, fires
from tests.notify.servers import Mailbox, mailing
from tests.service.made import NOON

MONDAY_MS = 1_763_946_000_000  # 2025-11-24 02:00 in Berlin
SITES = {"lindenhof": ("Lindenhof 12", ("H017", "H003")), "bakehouse": ("Bakehouse", ("H002",))}
USUAL = (("usual", 400_000_000),)
WIDE, NARROW = 700, 390
Scheme = Literal["light", "dark"]


def mails(box: Mailbox, folder: Path) -> Iterator[tuple[str, EmailMessage]]:
    """Each kind of mail, with a name for its picture."""
    clock = ManualClock(NOON)
    house = House(MemoryLog(clock), folder, clock)
    enter(
        house.log,
        site_lindenhof=Site(name="Lindenhof 12", zone="Europe/Berlin"),
        device_H017=Device(site="lindenhof", name="Kitchen"),
        device_H018=Device(site="lindenhof", name="Bakery, oven on the left"),
        device_H019=Device(site="lindenhof", name="Heat pump"),
    )
    house.route("desk", box.address())
    house.raise_(fires())
    house.pass_time()
    yield "mail-one", box.mails[-1]
    house.raise_(ends())
    house.pass_time()
    yield "mail-over", box.mails[-1]
    house.raise_(
        fires("a2", severity=Severity.CRITICAL, device="H018"),
        fires("a3", device="H019", rule="household-unusual", unit="kW", evidence=USUAL),
        fires("a4", severity=Severity.INFO, observed=50_400_000, peak=50_400_000,
              expected=50_000_000),
    )  # fmt: skip
    house.pass_time()
    yield "mail", box.mails[-1]
    house.notifier.close()
    yield "mail-report", _report(box, folder)


def _report(box: Mailbox, folder: Path) -> EmailMessage:
    """The report of the week before, of two sites."""
    service = MadeUpService(floors=3)
    clock = ManualClock(MONDAY_MS)
    house = House(MemoryLog(clock), folder / "reports", clock)
    service.enter("tariff/flat", name="Flat", currency="EUR", price=Decimal("0.30"))
    entries: dict[str, Site | Device] = {}
    for site, (name, devices) in SITES.items():
        entries[f"site_{site}"] = Site(name=name, zone="Europe/Berlin", tariff="flat")
        entries |= {f"device_{of}": Device(name=f"Meter {of[1:]}", site=site) for of in devices}
    for key, entry in entries.items():
        fields = {field: getattr(entry, field) for field in entry.__struct_fields__}
        service.enter(key.replace("_", "/"), **fields)
    enter(house.log, **entries)
    house.notifier.close()

    @contextmanager
    def services() -> Iterator[Service]:
        yield service

    house.services = services
    house.notifier = house._made()
    house.route("desk", box.address(), report="weekly")
    house.pass_time(7 * 3_600)
    house.pass_time(120)
    house.notifier.close()
    return box.mails[-1]


def shown(browser: Browser, mail: EmailMessage, width: int, scheme: Scheme) -> Image.Image:
    """A mail's HTML as a program with its own ground shows it."""
    body = mail.get_body(("html",))
    if body is None:
        raise SystemExit(f"no HTML in {mail['Subject']!r}")
    page = browser.new_page(viewport={"width": width, "height": 200}, color_scheme=scheme)
    page.set_content(body.get_content())
    taken = page.screenshot(full_page=True)
    page.close()
    return Image.open(io.BytesIO(taken)).convert("RGB")


def main() -> None:
    """Take what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--into", type=Path, default=Path(__file__).parent)
    given = parser.parse_args()
    with TemporaryDirectory() as folder, mailing() as box, sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        looks: dict[str, tuple[int, Scheme]] = {
            "": (WIDE, "light"), "-dark": (WIDE, "dark"),
            "-phone": (NARROW, "light"), "-phone-dark": (NARROW, "dark"),
        }  # fmt: skip
        for name, mail in mails(box, Path(folder)):
            print(f"{name}: {mail['Subject']}")
            for look, (width, scheme) in looks.items():
                if given.all or f"{name}{look}" in ("mail", "mail-phone-dark"):
                    picture = small_png(shown(chromium, mail, width, scheme))
                    (given.into / f"{name}{look}.png").write_bytes(picture)
        chromium.close()


if __name__ == "__main__":
    main()
