"""Sites: the tree, a site with its parts, the wall; what is entered reaches the catalogue."""

from __future__ import annotations

import pytest
from nicegui.testing import User, user_simulation

from energyguard.catalogue.changes import Edit
from energyguard.model.catalogue import ChannelFacts, Device, Site
from energyguard.page.elements.components import Tag
from energyguard.page.measures import beyond
from energyguard.page.measures.usage import UsualRange, change, usual_at
from energyguard.page.mount import add_pages
from energyguard.page.sites.parts import PartRow
from energyguard.page.sites.view import answer
from energyguard.service.beyond_plausible import BeyondPlausible
from energyguard.service.consumption.consumption import ConsumptionSeries
from tests.application.service import MadeUpService
from tests.application.world import HOUR
from tests.page.test_views import plotted, sees


@pytest.fixture
def placed(service: MadeUpService) -> MadeUpService:
    """Two homes on a floor of a building in Berlin."""
    service.catalogue.put(
        [
            Edit(
                "site/lindenhof", Site(name="Lindenhof 12", kind="building", zone="Europe/Berlin")
            ),
            Edit("site/floor-2", Site(name="Floor 2", parent="lindenhof", kind="floor")),
            Edit("device/H003", Device(name="Kitchen", site="floor-2")),
            Edit("device/H004", Device(name="Office", site="floor-2")),
        ],
        "mara",
    )
    return service


async def send(user: User, mark: str, **values: str) -> None:
    """Fill in a form, and send it."""
    for form in user.find(marker=mark).elements:
        for listener in form._event_listeners.values():
            if listener.type == "submit":
                event = {"id": form.id, "listener_id": listener.id, "args": values}
                form._handle_event(event)


async def test_the_tree_has_sites_within_sites(user: User, placed: MadeUpService) -> None:
    await user.open("/sites")
    await sees(user, "Lindenhof 12")
    await sees(user, "Floor 2")
    await sees(user, "Europe/Berlin")
    await sees(user, "devices wait for a name")


async def test_home_names_a_device_whose_readings_count_nothing(
    user: User, service: MadeUpService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of all it is asked that need more than is plausible of them now, and of no others."""
    facts = {"energy_kwh": ChannelFacts(max_power_kw=0.001)}
    service.catalogue.put([Edit("device/H017", Device(name="Chiller", channels=facts))], "mara")
    found = BeyondPlausible("energy_kwh", 12, 120.0)
    monkeypatch.setattr(beyond, "beyond_plausible", lambda entries: found)
    await user.open("/")
    await sees(user, "Chiller: readings of the last day count nothing: 12")
    await sees(user, "they need about 120\u00a0kW: say its greatest plausible power, such as 480")
    await sees(user, "4 things need you")
    await user.should_not_see("H018: readings of the last day")


async def test_a_site_has_its_parts_its_day_and_its_alerts(
    user: User, placed: MadeUpService
) -> None:
    await user.open("/sites/lindenhof")
    await sees(user, "Lindenhof 12: 1 thing needs you")
    await sees(user, "building · 2 devices · 18:0")  # of its own zone
    await sees(user, "Kitchen passed 2\u00a0kWh in 15\u00a0min")
    assert (await plotted(user, "range", "Floor 2"))["top"] > 0
    assert len((await plotted(user, "bars"))["steps"]) == 24
    await user.open("/sites/floor-2")
    await sees(user, "Kitchen")
    await sees(user, "! 1 alert")


async def test_a_site_that_is_not_there_says_so(user: User) -> None:
    await user.open("/sites/nowhere")
    await sees(user, "There is no such site")


async def test_a_site_is_entered_and_renamed(user: User, service: MadeUpService) -> None:
    await user.open("/sites")
    await send(user, "site-new", name="Mill", kind="building", parent="", zone="Mars")
    await sees(user, "no such zone; write one like Europe/Berlin")
    await send(user, "site-new", name="Mill", kind="building", parent="", zone="Europe/Rome")
    await sees(user, "Saved: Mill")
    assert service.catalogue.entries.sites["mill"].zone == "Europe/Rome"
    await user.open("/sites/mill")
    await send(user, "site-mill", name="Old mill", kind="building", parent="", zone="Europe/Rome")
    await sees(user, "Saved: Old mill")
    assert service.catalogue.entries.sites["mill"].name == "Old mill"


async def test_two_people_do_not_lose_each_others_work(user: User, placed: MadeUpService) -> None:
    await user.open("/sites/lindenhof")
    await sees(user, "Lindenhof 12")
    placed.catalogue.change("site/lindenhof", "enzo", {"name": "Lindenhof"})
    await send(user, "site-lindenhof", name="L 12", kind="building", parent="", zone="")
    await sees(user, "somebody else changed")
    assert placed.catalogue.entries.sites["lindenhof"].name == "Lindenhof"


async def test_the_wall_stops_at_what_is_urgent(user: User, placed: MadeUpService) -> None:
    await user.open("/wall")
    await sees(user, "Lindenhof 12")  # its alert is critical
    await sees(user, "stays here: something is urgent")
    for alert in placed.book.open():
        placed.acknowledge(alert.id, "mara")
    await sees(user, "next: ")


def series(placed: MadeUpService) -> ConsumptionSeries:
    """The last eight days of a home, by the hour."""
    span = placed.consumption.span("last-8-days", ["device/H003"])
    return placed.consumption.of(["device/H003"], span, step="hour")[0]


def test_usual_is_of_this_hour_and_needs_three_days(placed: MadeUpService) -> None:
    found = series(placed)
    now = placed.live.data_ms()
    usual = usual_at(found, now)
    assert usual is not None
    hour = now // HOUR % 24
    seen = [s.kwh for s in found.steps if s.start_ms // HOUR % 24 == hour and s.end_ms <= now]
    assert usual == UsualRange(min(filter(None, seen)), max(filter(None, seen)))
    assert usual_at(found._replace(steps=found.steps[-48:]), now) is None


@pytest.mark.parametrize(
    ("now", "before", "words"),
    [(106.0, 100.0, "▲\u00a06\u00a0%"), (96.0, 100.0, "▼\u00a04\u00a0%"),
     (100.2, 100.0, "±0\u00a0%"), (None, 1.0, ""), (1.0, 0.0, ""), (1.0, None, "")],
)  # fmt: skip
def test_a_change_has_a_direction_and_no_judgement(
    now: float | None, before: float | None, words: str
) -> None:
    assert change(now, before) == words


async def test_what_people_entered_stands_first_and_what_domains_know_is_folded() -> None:
    service = MadeUpService(floors=3)
    async with user_simulation() as someone:
        add_pages(service)
        await someone.open("/sites")
        await sees(someone, "Building")
        await someone.should_not_see("known by its devices")
        service.catalogue.put([Edit("site/mill", Site(name="Old mill"))], "mara")
        await someone.open("/sites")
        await sees(someone, "known by its devices")
        await sees(someone, "Old mill")


async def test_a_site_that_has_a_view_of_its_own_is_that_view_in_the_rail() -> None:
    service = MadeUpService(floors=3)
    async with user_simulation() as someone:
        add_pages(service)
        service.catalogue.sites()
        service.catalogue.put([Edit("site/building", Site(name="Main house"))], "mara")
        await someone.open("/sites")
        await sees(someone, "Main house")
        words = [tag for tag in someone.find(kind=Tag).elements if tag.text == "Main house"]
        tabs = [tag.parent_slot.parent for tag in words if "word" in tag.classes]  # type: ignore[union-attr]
        assert [tab.props["href"].partition("?")[0] for tab in tabs] == ["/building"]
        assert not any("inner" in tag.classes for tag in words)


def test_a_site_is_not_as_usual_while_a_part_is_above_it() -> None:
    row = PartRow(
        key="device/H003", name="Kitchen", kw=1.06, usual=UsualRange(0.5, 1.0), today="", cost="",
        alerts=0, silent=False, top=2.0,
    )  # fmt: skip
    assert row.above == pytest.approx(0.06)
    assert row._replace(kw=1.05).above is None
    assert row._replace(usual=None).above is row._replace(kw=None).above is None
    assert answer("Lindenhof", 0) == "Lindenhof: all is as usual"
    assert answer("Lindenhof", 0, ["Kitchen"]) == "Lindenhof: Kitchen is above what is usual"
    many = answer("Lindenhof", 0, ["Kitchen", "Office", "Lift"])
    assert many == "Lindenhof: Kitchen, Office, … are above what is usual"
    assert answer("Lindenhof", 1, ["Kitchen"]) == "Lindenhof: 1 thing needs you"
