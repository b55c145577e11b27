"""What a line is held against: limit and usual, drawn and in words."""

from __future__ import annotations

from dataclasses import replace

from nicegui.testing import User

from energyguard.page.frame.page_cache import PageCache
from energyguard.page.measures.limits import limit_rows, profile_of, usual_now
from energyguard.service.profiles import DeviceProfile
from tests.application.building import MadeUpProfiles
from tests.application.service import MadeUpService
from tests.application.world import HOUR, START
from tests.page.test_building_view import floors, someone  # noqa: F401
from tests.page.test_views import plotted, sees

NIGHT = START + 5 * HOUR  # Saturday 22:00
UNLIKE = """
[[rule]]
id = "unlike-kw"
kind = "unusual"
channels = ["power_kw"]
about = "{device} is unlike itself"
"""


async def test_what_is_usual_is_said_of_the_half_hour_or_nothing_is() -> None:
    cache = PageCache(MadeUpService(floors=2))
    profile = await profile_of(cache, "p1", "power_kw")
    assert profile is not None
    assert usual_now(profile, START).startswith("usual on Sat 17:00–17:30: ")
    assert usual_now(profile, START).endswith("\u00a0kW")
    assert usual_now(profile, NIGHT) == ""
    assert await profile_of(cache, "p1", "voltage_v") is None


async def test_a_floor_has_its_usual_band_round_the_line(
    someone: User, floors: MadeUpService  # noqa: F811
) -> None:  # fmt: skip
    await someone.open("/building?floor=p4&range=24h")
    await sees(someone, "Pale: usual on Sat 1")
    await sees(someone, "Dashed: limit 11\u00a0kW.")
    band = (await plotted(someone, "line", "Power of p4"))["band"]
    assert None in band["low"]  # of last night nothing is known
    assert {high for high in band["high"] if high is not None} == {12.5}
    await someone.open("/building")
    await sees(someone, "usual on Sat 1")
    await someone.open("/building?floor=p4&metric=kwh")
    assert "band" not in await plotted(someone, "line", "Counter of p4")
    floors.use_rules([], by="mara")
    await someone.open("/building?floor=p4&metric=volt")
    await sees(someone, "No limit of it runs, and what is usual is not known yet.")


async def test_an_alert_about_the_unusual_has_the_band_and_no_limit(
    someone: User, floors: MadeUpService  # noqa: F811
) -> None:  # fmt: skip
    alert = next(alert for alert in floors.book.open() if alert.rule == "pattern-kw")
    await someone.open(f"/alerts?alert={alert.id}")
    data = await plotted(someone, "line", "above the usual")
    assert data["band"]["raises"]
    assert data.get("limit") is None
    over = [t for t, kw in zip(data["xs"], data["ys"], strict=True) if kw > 12.5]
    assert min(over) == alert.since_ms
    await sees(someone, "Pale: what is usual.")


class TwoWeeks(MadeUpProfiles):
    """What two rules have learned; to the second all that is not large is usual."""

    def get(self, device: str, channel: str = "", rule: str = "") -> DeviceProfile:
        known = super().get(device, channel)
        if rule != "unlike-kw":
            return known
        wide = tuple(replace(row, low=1.25, high=31.5) for row in known.half_hours)
        return replace(known, rule=rule, half_hours=wide)


async def test_of_two_rules_that_learn_the_band_is_of_the_one_that_is_looked_at(
    someone: User, floors: MadeUpService  # noqa: F811
) -> None:  # fmt: skip
    facts = floors.catalogue.rule_facts
    floors.profiles = TwoWeeks(floors.log, floors.live.device, facts, floors.clock)
    floors.add_rules(UNLIKE, "mara")
    address = "/devices/p4?channel=power_kw"
    await someone.open(address)
    await sees(someone, "12.5\u00a0kW (pattern-kw).")
    await someone.open(f"{address}&rule=unlike-kw")
    await sees(someone, "1.25–31.5\u00a0kW (unlike-kw).")
    assert set((await plotted(someone, "line", "Power of p4"))["band"]["high"]) == {31.5}
    alert = next(alert for alert in floors.book.open() if alert.rule == "pattern-kw")
    await someone.open(f"/alerts?alert={alert.id}")
    await sees(someone, "Pale: what is usual, by pattern-kw.")
    readings = next(iter(someone.find("Readings of this device").elements))
    assert readings.props["href"] == f"/devices/{alert.device}?channel=power_kw&rule=pattern-kw"


def test_a_home_has_limits_of_its_own_for_windows() -> None:
    """What it uses in a window, and for how long; rules of other sites are not there."""
    service = MadeUpService()
    names = {"energy_kwh": "Energy"}
    service.change_rule("household-prod", "mara", "H017", raise_above="3", dwell="2m")
    rows = {row.rule: row for row in limit_rows(service, "H017", names)}
    row = rows["household-prod"]
    assert (row.name, row.is_own) == ("Energy in 15\u00a0min", True)
    assert row.fields == {"raise_above": "3", "clear_at": "3", "dwell": "2 minutes"}
    assert row.of_all["raise_above"] == "2"
    service.add_rules(
        '[[rule]]\nkind = "state"\nid = "far"\nchannels = ["power_kw"]\n'
        'raise_above = "1"\nselector = "site=elsewhere"',
        "mara",
    )
    assert "far" not in {row.rule for row in limit_rows(service, "H017", {"power_kw": "Power"})}
