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
    accounts = Accounts(tokens)
    accounts.add("nina", AccessRole.OPERATE)
    tokens.create("screen", AccessRole.READ)
    await user.open("/people")
    for text in ("nina", "look and act: alerts, limits, names · all sites", "screen"):
        await sees(user, text)
    await sees(user, "invited, has no password yet")
    button = user.find(content="Disable").elements
    accounts.change("nina", disabled=True)
    await sees(user, "Let in again")
    (able,) = user.find(content="Let in again").elements
    assert {able} == button  # the row stays where it is
    assert able.props["aria-label"] == "Let in again nina"
    user.find(content="Let in again").click()
    await sees(user, "Disable")
    assert not accounts.get("nina").disabled


async def test_what_is_not_for_somebody_is_not_built(service: MadeUpService) -> None:
    async with user_simulation() as someone:
        add_pages(service, stranger=LOCAL)
        await someone.open("/")
        await someone.should_not_see("People")
