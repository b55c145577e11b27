"""The bell: how many a person has not read, what they were, and a word about what is new."""

from __future__ import annotations

import asyncio

import msgspec
from nicegui.element import Element
from nicegui.testing import User

from energyguard.log import LATEST
from energyguard.model import topics
from energyguard.model.alerts import State
from energyguard.page.elements.components import Tag
from tests.application.service import MadeUpService, alerts, put
from tests.page.test_alerts_view import so
from tests.page.test_views import sees
from tests.waiting import TRIES

ALL = 6


def fire(service: MadeUpService, device: str) -> str:
    """Another alert, as a worker would write it."""
    first = next(event for event in alerts() if event.state is State.FIRING)
    about = f"{device} passed 2.0 kWh just now"
    event = msgspec.structs.replace(first, id=f"of-{device}", device=device, about=about)
    at = service.log.positions(topics.ALERTS.name, LATEST)
    put(service.log, topics.ALERTS.name, device, event, service.began)
    service.live._take(service.log.read(at, 10, 0.0))
    return about


def badge(user: User) -> str:
    counts = [tag for tag in user.find(kind=Tag).elements if "count" in tag.classes]
    return str(next(tag.text for tag in counts if tag.props.get("aria-hidden")))


def notices(user: User) -> set[Element]:
    return {tag for tag in user.find(kind=Tag).elements if "notice" in tag.classes}


async def test_what_is_unread_is_counted_listed_and_marked_for_this_person_alone(
    user: User, service: MadeUpService
) -> None:
    await user.open("/quality")
    await sees(user, str(ALL))
    assert badge(user) == str(ALL)
    user.find(marker="bell").click()
    await sees(user, "H003 passed 2\u00a0kWh in 15\u00a0min")
    await sees(user, "unread")
    unread = notices(user)
    assert all("unread" in notice.classes for notice in unread)
    user.find(marker="read-all").click()
    await sees(user, "All are read")
    await so(lambda: not any("unread" in notice.classes for notice in notices(user)))
    assert notices(user) == unread  # each stays where it is
    assert badge(user) == ""
    assert service.notifications.unread("somebody") == 0
    assert service.notifications.unread("mara") == ALL


async def test_what_fires_meanwhile_is_said_once_where_nothing_lists_it(
    user: User, service: MadeUpService
) -> None:
    await user.open("/quality")
    await sees(user, str(ALL))
    fire(service, "H099")
    about = "H099 passed 2\u00a0kWh in 15\u00a0min"
    await sees(user, about)
    assert user.notify.messages == [f"▲ {about}"]
    assert badge(user) == str(ALL + 1)


async def test_a_view_that_lists_what_fires_needs_no_word(
    user: User, service: MadeUpService
) -> None:
    await user.open("/alerts")
    await sees(user, str(ALL))
    fire(service, "H098")
    await sees(user, "H098 passed")  # in the list
    for _ in range(TRIES):
        if badge(user) == str(ALL + 1):  # the bell has seen it, too
            break
        await asyncio.sleep(0.1)
    assert badge(user) == str(ALL + 1)
    assert user.notify.messages == []


async def test_many_at_once_are_one_word(user: User, service: MadeUpService) -> None:
    await user.open("/quality")
    await sees(user, str(ALL))
    for n in range(10):
        fire(service, f"H9{n:02d}")
    await sees(user, "and 7 more: see the bell")
    assert len(user.notify.messages) == 4
