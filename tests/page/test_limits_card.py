"""The limits of a floor on its page: what holds, a change, a refusal at its field, the way back."""

from __future__ import annotations

from nicegui import ui
from nicegui.testing import User

from energyguard.errors import ConfigError
from energyguard.model.quantities import NANO
from energyguard.page.elements.components import Tag
from energyguard.page.measures.limits import faults_by_field, limit_of, limit_rows
from tests.application.service import MadeUpService
from tests.page.test_building_view import floors, someone  # noqa: F401
from tests.page.test_views import plotted, sees

POWER = {"power_kw": "Power"}


def said_at(user: User, field: str) -> str:
    """What is said to be wrong with a field."""
    tags = user.find(kind=Tag).elements
    return str(next(tag.text for tag in tags if tag.props.get("id") == f"fault-{field}"))


async def test_a_limit_of_one_floor_is_set_shown_and_taken_back(
    someone: User, floors: MadeUpService  # noqa: F811
) -> None:  # fmt: skip
    await someone.open("/building?floor=p4")
    await sees(someone, "floor-kw · the default")
    assert (await plotted(someone, "line", "Power of p4"))["limit"] == 11.0
    someone.find(marker="raise_above-floor-kw").clear().type("25")
    someone.find(marker="set-floor-kw").click()
    await sees(someone, "its own, set by somebody")
    await sees(someone, "the default raises above 11, clears at 11\u00a0kW")
    rule = floors.rules.get("floor-kw")
    assert rule.of("p4").level == rule.of("p4").clear_level == 25 * NANO
    assert rule.of("p3").level == 11 * NANO
    await someone.open("/building?floor=p4")
    assert (await plotted(someone, "line", "Power of p4"))["limit"] == 25.0
    await someone.open("/building?floor=p3")
    await sees(someone, "floor-kw · the default")
    await someone.open("/building?floor=p4")
    someone.find(marker="reset-floor-kw").click()
    await sees(someone, "floor-kw · the default")
    assert floors.rules.get("floor-kw").of("p4").level == 11 * NANO


async def test_what_cannot_be_is_said_at_its_field_and_changes_nothing(
    someone: User, floors: MadeUpService  # noqa: F811
) -> None:  # fmt: skip
    await someone.open("/building?floor=p4")
    await sees(someone, "floor-kw · the default")
    someone.find(marker="raise_above-floor-kw").clear().type("much")
    someone.find(marker="longer_than-floor-kw").type("soon")
    someone.find(marker="set-floor-kw").click()
    await sees(someone, "soon is no length of time; write 15 min or 1 h")
    assert "much" in said_at(someone, "floor-kw-raise_above")
    assert said_at(someone, "floor-kw-clear_at") == ""
    someone.find(marker="longer_than-floor-kw").clear()
    someone.find(marker="raise_above-floor-kw").clear().type("5")
    someone.find(marker="clear_at-floor-kw").clear().type("6")
    someone.find(marker="set-floor-kw").click()
    await sees(someone, "the alert would be cleared where it still raises")
    assert said_at(someone, "floor-kw-longer_than") == ""
    assert floors.rules.get("floor-kw").of("p4").level == 11 * NANO


async def test_how_long_it_may_last_is_a_field_and_nothing_is_at_once(
    someone: User, floors: MadeUpService  # noqa: F811
) -> None:  # fmt: skip
    await someone.open("/building?floor=p1")
    await sees(someone, "floor-kw · the default")
    someone.find(marker="longer_than-floor-kw").type("5 minutes")
    someone.find(marker="set-floor-kw").click()
    await sees(someone, "its own")
    assert floors.rules.get("floor-kw").of("p1").written()["longer_than"] == "5 minutes"
    someone.find(marker="longer_than-floor-kw").clear()
    someone.find(marker="set-floor-kw").click()
    await sees(someone, "for longer than 0s")
    assert "longer_than" not in floors.rules.get("floor-kw").of("p1").written()


def test_the_limit_across_a_chart_is_the_devices_own() -> None:
    service = MadeUpService(floors=2)
    service.change_rule("floor-kw", by="mara", device="p1", raise_above="9")
    own, other = (limit_of(service, device, "power_kw") for device in ("p1", "p2"))
    assert own is not None
    assert other is not None
    assert (own.level, own.words, other.level) == (9.0, "9\u00a0kW", 11.0)
    assert limit_of(service, "H001", "power_kw") is None  # a rule of floors is about floors
    row = limit_rows(service, "p1", POWER)[0]
    assert (row.is_own, row.edit and row.edit.by, row.fields["clear_at"]) == (True, "mara", "9")
    service.use_rules(["household-prod"], by="mara")
    assert limit_of(service, "p1", "power_kw") is None
    assert not limit_rows(service, "p1", POWER)[0].runs


def test_a_fault_is_said_at_the_first_field_that_it_names_else_at_the_level() -> None:
    service = MadeUpService(floors=1)
    row = limit_rows(service, "p1", POWER)[0]
    error = ConfigError(
        "floor-kw: p1: clear_at is above raise_above",
        "floor-kw: no way",
        "floor-kw: p1: longer_than: not a number: ",
    )
    assert faults_by_field(error.faults, row, "p1") == {
        "clear_at": "the alert would be cleared where it still raises",
        "raise_above": "no way",
        "longer_than": "write a number",
    }


def test_a_device_has_limits_of_rules_of_every_kind() -> None:
    """Of those that it is about: also of its silence, and of what is unusual of it."""
    service = MadeUpService(floors=2)
    service.add_rules('[[rule]]\nkind = "silence"\nid = "mute"\nlonger_than = "1h"', "mara")
    service.change_rule("mute", "mara", "p1", longer_than="3h")
    service.change_rule("pattern-kw", "mara", "p1", sigmas="4")
    rows = {row.rule: row for row in limit_rows(service, "p1", POWER)}
    assert rows["mute"].fields == {"longer_than": "3 hours", "rhythms": ""}
    assert (rows["mute"].name, rows["mute"].is_own) == ("Silence", True)
    assert rows["pattern-kw"].fields["sigmas"] == "4"
    assert set(rows["power-agrees"].fields) == {"tolerance", "allowed", "longer_than"}
    others = {row.rule: row for row in limit_rows(service, "p2", POWER)}
    assert others["mute"].fields["longer_than"] == "1 hour"
    assert not others["pattern-kw"].is_own


async def test_what_somebody_types_stays_while_another_changes_the_limit(
    someone: User, floors: MadeUpService  # noqa: F811
) -> None:  # fmt: skip
    """A field that nobody touched follows; one with something typed keeps it."""
    await someone.open("/building?floor=p4")
    await sees(someone, "floor-kw · the default")
    someone.find(marker="longer_than-floor-kw").type("7 minutes")
    typed = field_of(someone, "longer_than-floor-kw")
    floors.change_rule("floor-kw", by="mara", device="p4", raise_above="25")
    await sees(someone, "its own, set by mara")
    assert field_of(someone, "longer_than-floor-kw") is typed
    assert typed.value == "7 minutes"
    assert field_of(someone, "raise_above-floor-kw").value == "25"
    someone.find(marker="set-floor-kw").click()
    await sees(someone, "set by somebody")
    written = floors.rules.get("floor-kw").of("p4").written()
    assert (written["raise_above"], written["longer_than"]) == ("25", "7 minutes")


async def test_what_was_set_stands_in_its_field_as_the_rule_writes_it(
    someone: User, floors: MadeUpService  # noqa: F811
) -> None:  # fmt: skip
    await someone.open("/building?floor=p4")
    await sees(someone, "floor-kw · the default")
    someone.find(marker="longer_than-floor-kw").type("300s")
    someone.find(marker="set-floor-kw").click()
    await sees(someone, "its own, set by somebody")
    assert field_of(someone, "longer_than-floor-kw").value == "5 minutes"


def field_of(user: User, marker: str) -> ui.input:
    (found,) = user.find(marker=marker).elements
    assert isinstance(found, ui.input)
    return found
