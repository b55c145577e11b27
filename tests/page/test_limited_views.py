"""Every view as somebody sees it who is limited to a site: it opens, and names no other."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest
from nicegui.testing import User, user_simulation

from energyguard.domains.charging.places import device_id
from energyguard.model.access import AccessRole, Caller
from energyguard.model.catalogue import Device, Entry, Site
from energyguard.page.mount import add_pages
from energyguard.page.views import VIEWS
from tests.application.edges import edge_service
from tests.application.service import MadeUpService
from tests.application.world import HOMES
from tests.page.test_views import sees

LOCAL = Caller("guest", AccessRole.READ, ("lindenhof",))
OWN = "H017"
PAGES = [view.path for view in VIEWS if view.is_for(LOCAL) and "{" not in view.path]
PAGES += ["/sites/lindenhof", "/devices/H017", "/stations?station=Market Square", "/data?details=1"]


@pytest.fixture
def placed() -> MadeUpService:
    """A home and a charger at one's site; all others elsewhere."""
    service = edge_service()
    stations: Any = service.projections["chargers"]
    mine = device_id(stations._bays.listed["charger-1"])
    entries: dict[str, Entry] = {
        "site/lindenhof": Site(name="Lindenhof"),
        "site/elsewhere": Site(name="Elsewhere"),
        f"device/{OWN}": Device(name="Oven", site="lindenhof"),
        f"device/{mine}": Device(name="Bay 1", site="lindenhof"),
    }
    for home in HOMES:
        entries.setdefault(f"device/{home}", Device(name="", site="elsewhere"))
    for key, entry in entries.items():
        service.catalogue.entries.see(key, entry, "tests")
    return service


def test_what_is_of_ones_sites_is_in_the_rail() -> None:
    domains = {"/stations", "/building", "/regions", "/households", "/thermometer"}
    assert domains | {"/data", "/edges"} <= set(PAGES)
    assert not {"/cluster", "/people", "/backups", "/rules"} & set(PAGES)


# H001 and roof are what fields give as examples
FOREIGN = re.compile(r"\b(H0(?!17\b|01\b)\d\d|charger-(?!1\b)\d+|cellar|barn|attic|Elsewhere)\b")


async def test_every_view_opens_and_names_nobody_else(placed: MadeUpService) -> None:
    history = placed.past.query

    def of_own(name: str, **parameters: Any) -> Any:
        """The history leaves out rows of others by itself: tests/history/test_row_filter.py."""
        found = history(name, **parameters)
        if "device" in found.column_names:
            kept = [row for row in found.to_pylist() if row["device"] == OWN]
            return found.schema.empty_table() if not kept else type(found).from_pylist(
                kept, found.schema
            )  # fmt: skip
        return found.slice(0, 0) if name.startswith("station_") else found

    placed.past.query = of_own  # type: ignore[method-assign]
    async with user_simulation() as user:
        add_pages(placed, stranger=LOCAL)
        for path in PAGES:
            user = User(user.http_client)
            await user.open(path)
            await sees(user, "All sites" if path == "/wall" else "EnergyGuard")
            await asyncio.sleep(0.1)  # what fills later is filled
            texts = [
                f"{getattr(element, 'text', '')} {element.props}"
                for element in user.client.layout.descendants()  # type: ignore[union-attr]
            ]
            assert len(texts) > 5, path
            named = [found[0] for text in texts if (found := FOREIGN.search(text))]
            assert named == [], path
