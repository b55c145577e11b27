"""People, one's own account, and that a page of who sees some sites tells of no other device."""

from __future__ import annotations

import asyncio
import json
import re

import pytest
from nicegui.testing import User, user_simulation

from energyguard.access.people import Accounts
from energyguard.access.tokens import Tokens
from energyguard.model.access import AccessRole, Caller
from energyguard.model.catalogue import Device, Site
from energyguard.page.mount import add_pages
from energyguard.page.views import VIEWS
from tests.application.service import MadeUpService
from tests.application.world import HOMES
from tests.page.test_views import sees

LOCAL = Caller("guest", AccessRole.READ, ("lindenhof",))
HIDDEN = re.compile("|".join([*(rf"\b{home}\b" for home in HOMES if home != "H017"), "Elsewhere"]))


async def test_people_are_listed_with_what_they_may(user: User, service: MadeUpService) -> None:
    tokens = Tokens(service.settings.data_dir, service.clock)
    Accounts(tokens).add("nina", AccessRole.OPERATE)
    tokens.create("screen", AccessRole.READ)
    await user.open("/people")
    for text in ("nina", "look and act: alerts, limits, names · all sites", "screen"):
        await sees(user, text)
    await sees(user, "invited, has no password yet")


PATHS = (
    *(view.path for view in VIEWS if view.is_for(LOCAL) and "{" not in view.path),
    "/sites/lindenhof",
    "/devices/H017",
)


@pytest.mark.parametrize("path", PATHS)
async def test_no_other_device_is_on_a_page(service: MadeUpService, path: str) -> None:
    entries = service.catalogue.entries
    entries.see("site/lindenhof", Site(name="Lindenhof"), "tests")
    entries.see("site/elsewhere", Site(name="Elsewhere"), "tests")
    for home in HOMES:
        at = "lindenhof" if home == "H017" else "elsewhere"
        entries.see(f"device/{home}", Device(name="", site=at), "tests")
    async with user_simulation() as someone:
        add_pages(service, stranger=LOCAL)
        client = await someone.open(path)
        await asyncio.sleep(0.1)  # what fills later is filled
        shown = json.dumps([e._to_dict() for e in client.elements.values()], default=str)
    assert HIDDEN.findall(shown) == []


async def test_what_is_not_for_somebody_is_not_built(service: MadeUpService) -> None:
    async with user_simulation() as someone:
        add_pages(service, stranger=LOCAL)
        await someone.open("/")
        await someone.should_not_see("People")
