"""People, one's own account, and that what is not for somebody is not built."""

from __future__ import annotations

from nicegui.testing import User, user_simulation

from energyguard.access.people import Accounts
from energyguard.access.tokens import Tokens
from energyguard.model.access import AccessRole, Caller
from energyguard.page.mount import add_pages
from tests.application.service import MadeUpService
from tests.page.test_views import sees

LOCAL = Caller("guest", AccessRole.READ, ("lindenhof",))


async def test_people_are_listed_with_what_they_may(user: User, service: MadeUpService) -> None:
    tokens = Tokens(service.settings.data_dir, service.clock)
    Accounts(tokens).add("nina", AccessRole.OPERATE)
    tokens.create("screen", AccessRole.READ)
    await user.open("/people")
    for text in ("nina", "look and act: alerts, limits, names · all sites", "screen"):
        await sees(user, text)
    await sees(user, "invited, has no password yet")


async def test_what_is_not_for_somebody_is_not_built(service: MadeUpService) -> None:
    async with user_simulation() as someone:
        add_pages(service, stranger=LOCAL)
        await someone.open("/")
        await someone.should_not_see("People")
