"""The rules on the page: a new one of any kind, one changed in place, removed, and taken back."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from msgspec import UNSET
from nicegui.testing import User

from energyguard.catalogue.changes import Edit
from energyguard.model.catalogue import Device, DeviceGroup, Site
from energyguard.model.days import day_ms
from energyguard.page.rules.fields import choices_of, form_fields
from energyguard.page.rules.new import draft_of
from energyguard.page.rules.preview import example_sentence, meant_devices
from energyguard.page.rules.trial import how_words, trial_words
from energyguard.page.rules.words import change_words, devices_words, field_words
from energyguard.page.words.formatting import number
from energyguard.page.words.rules import rule_summary
from energyguard.rules.kinds import KINDS
from energyguard.rules.kinds.threshold import ThresholdRule
from energyguard.rules.rule_history import ChangedRule
from energyguard.rules.windowed import WindowBasis
from energyguard.service.alerts.alerts_got import alerts_got
from energyguard.service.alerts.trials import RuleTrial, TrialAlert
from tests.application.kinds import IDS, service_of_kinds
from tests.application.service import MadeUpService
from tests.application.world import HOUR
from tests.page.test_views import plotted, sees
from tests.waiting import TRIES

ENERGY = {"channels.energy_kwh": "on"}
TYPED = {
    "threshold": {**ENERGY, "window": "15 minutes", "slide": "1 minute", "raise_above": "1,5"},
    "rate": {**ENERGY, "window": "15 minutes", "slide": "1 minute", "raise_above": "3"},
    "state": {"channels.voltage_v": "on", "raise_below": "207"},
    "silence": {"longer_than": "2 hours"},
    "profile": {"channels.power_kw": "on", "sigmas": "4"},
    "unusual": ENERGY,
    "demand": {"channels.power_kw": "on", "raise_above": "250"},
    "agree": {"check": "counter"},
}
"""What somebody types who needs no more than a kind asks for."""


@pytest.fixture
def service(tmp_path: Path) -> MadeUpService:
    made = service_of_kinds(tmp_path)
    edits = [
        Edit("site/home", Site(name="Weber house")),
        Edit("device/H003", Device(name="Heat pump", site="home", kind="heat pump")),
    ]
    made.catalogue.put(edits, "mara")
    return made


@pytest.mark.parametrize("kind", TYPED)
def test_a_rule_of_every_kind_is_made_of_what_its_form_asks_for(kind: str) -> None:
    values = {"selector": "site=home", "severity": "critical", **TYPED[kind]}
    draft = draft_of(KINDS[kind], values, ["taken"])
    assert draft.faults == {}
    assert draft.rule is not None
    assert draft.rule.id == f"{kind}-site-home"
    assert (draft.rule.severity, getattr(draft.rule, "selector", "")) == ("critical", "site=home")
    empty = draft_of(KINDS[kind], {}, [])
    first, more = form_fields(KINDS[kind])
    assert set(empty.faults) <= set(first)  # what is missing is asked for at once
    assert {**first, **more}.keys() == KINDS[kind].fields().keys() - {"devices"}


def test_what_is_wrong_is_said_at_its_field() -> None:
    def faults(**more: str) -> Any:
        return draft_of(ThresholdRule, {**TYPED["threshold"], **more}, []).faults

    wrong = faults(raise_above="much", selector="home")
    assert "much" in wrong["raise_above"]
    assert "no part of a selector" in wrong["selector"]
    assert faults(window="")["window"] == "is missing"
    assert "is not a multiple of slide" in faults(window="7 minutes", slide="2 minutes")["window"]
    assert faults(clear_at="9") == {"clear_at": "“Ends at” is above “Raises above”"}


def test_a_preview_says_who_is_meant_and_what_would_be_said(service: MadeUpService) -> None:
    values = {"selector": "site=home", **TYPED["threshold"]}
    rule = draft_of(ThresholdRule, values, []).rule
    assert rule is not None
    found = meant_devices(service, rule)
    assert (found.names, found.mute) == (("Heat pump",), 0)
    assert found.all_devices >= 50
    assert example_sentence(rule, "Heat pump") == "Heat pump passed 1.5\u00a0kWh in 15\u00a0min"
    at_most = draft_of(ThresholdRule, {**values, "basis": "high"}, []).rule
    assert at_most is not None
    assert example_sentence(at_most, "H1").endswith(", by what is possible at most")
    assert rule_summary(at_most).startswith("Raises above 1.5\u00a0kWh in 15\u00a0min, by what is ")
    counted = draft_of(ThresholdRule, {**values, "basis": "estimate"}, []).rule
    assert counted == rule  # as it is if nobody chooses
    volts = draft_of(KINDS["state"], {"selector": "id=H00[34]", **TYPED["state"]}, []).rule
    assert volts is not None
    assert meant_devices(service, volts).mute == 2  # they send energies
    assert example_sentence(volts, "H1").startswith("H1 fell below 207\u00a0V")
    assert devices_words(rule, service.catalogue) == "site Weber house"
    service.catalogue.entries.see("device/H004", Device(name="", kind="home"), "regions")
    homes = draft_of(KINDS["silence"], {**TYPED["silence"], "selector": "kind=home"}, []).rule
    assert homes is not None
    assert meant_devices(service, homes)[2:4] == (0, 1)  # only listed: no rule knows it
    everything = draft_of(ThresholdRule, TYPED["threshold"], []).rule
    assert everything is not None
    assert devices_words(everything, service.catalogue) == "all devices"


def test_a_rule_can_be_about_all_of_a_site_together(service: MadeUpService) -> None:
    service.catalogue.entries.see("group/pumps", DeviceGroup(name="Pumps"), "regions")
    choices = dict(choices_of(service, sums=True))
    assert ("id=site/home", "Weber house") in choices["All of a site together"]
    assert choices["All of a group together"] == [("id=group/pumps", "Pumps")]
    assert "All of a site together" not in dict(choices_of(service))
    rule = draft_of(ThresholdRule, {"selector": "id=site/home", **TYPED["threshold"]}, []).rule
    assert rule is not None
    found = meant_devices(service, rule)
    assert (found.names, found.sum_name) == (("Heat pump",), "Weber house")
    assert devices_words(rule, service.catalogue) == "all of Weber house together"
    nowhere = draft_of(ThresholdRule, {"selector": "id=site/x", **TYPED["threshold"]}, []).rule
    assert nowhere is not None
    assert meant_devices(service, nowhere).names == ()


def test_a_change_is_told_in_the_words_of_the_form() -> None:
    row = ChangedRule("mara", 0, "", "raise_above 2 → 3, selector id=p1 → site=home")
    assert change_words(row) == "Raises above 2 → 3, Devices id=p1 → site=home"
    assert field_words("of_another_kind") == "of another kind"


async def test_a_rule_is_made_changed_undone_and_removed(
    user: User, service: MadeUpService
) -> None:
    await user.open("/rules")
    await user.should_see(marker="new-rule-open", retries=TRIES)
    user.find(marker="new-rule-open").click()
    await user.should_see(marker="new-rule", retries=TRIES)
    form = user.find(marker="new-rule")
    form.trigger("change", {"kind": "threshold", "selector": "site=home", **TYPED["threshold"]})
    await sees(user, "It is about 1 of ")
    await sees(user, "Heat pump")
    form.trigger("submit", {"kind": "threshold", **TYPED["threshold"], "raise_above": ""})
    await sees(user, "is missing")
    values = {"kind": "threshold", "id": "Night use", "selector": "site=home"}
    form.trigger("submit", {**values, **TYPED["threshold"]})
    await sees(user, "night-use runs")
    rule = service.rules.get("night-use")
    assert isinstance(rule, ThresholdRule)
    assert (rule.level, rule.selector) == (1_500_000_000, "site=home")
    await sees(user, "site Weber house · warning · changed by ")

    user.find(marker="change-night-use").click()
    await user.should_see(marker="rule-night-use", retries=TRIES)
    form = user.find(marker="rule-night-use")
    now = rule.written()
    form.trigger("submit", {**now, "raise_above": "0,5", "clear_at": "0,9"})
    await sees(user, "“Ends at” is above")
    typed = {**now, "raise_above": "3", "selector": "", "severity": "critical", "basis": "high"}
    form.trigger("submit", typed)
    await sees(user, "night-use was changed")
    rule = service.rules.get("night-use")
    assert isinstance(rule, ThresholdRule)
    assert (rule.level, rule.clear_at, rule.selector) == (3_000_000_000, 3_000_000_000, UNSET)
    assert rule.goes_by is WindowBasis.HIGH
    await sees(user, "all devices · critical")

    user.find(marker="change-night-use").click()
    await sees(user, "Raises above 1.5 → 3")
    user.find(marker="undo-night-use").click()
    await sees(user, "night-use is as it was before")
    assert service.rules.get("night-use").level == 1_500_000_000

    user.find(marker="change-night-use").click()
    await user.should_see(marker="remove-night-use", retries=TRIES)
    user.find(marker="remove-night-use").click()
    user.find(marker="sure").click()
    await sees(user, "night-use was removed")
    assert "night-use" not in [known.id for known in service.rules.all()]
    user.find(marker="undo").click()
    await sees(user, "night-use is there again")
    again = service.rules.get("night-use")
    assert (again.level, getattr(again, "selector", "")) == (1_500_000_000, "site=home")


async def test_rules_of_every_kind_are_opened_and_changed(
    user: User, service: MadeUpService
) -> None:
    limits = {"climbs": "90", "mute": "20 minutes", "cold": "12.5", "idle": "0.5", "thirsty": "3",
              "peaks": "25"}  # fmt: skip
    await user.open("/rules")
    for name in IDS:
        rule = service.rules.get(name)
        await sees(user, rule_summary(rule))
        user.find(marker=f"change-{name}").click()
        await user.should_see(marker=f"rule-{name}", retries=TRIES)
        typed = {**rule.written(), rule.limit: limits[name]}
        user.find(marker=f"rule-{name}").trigger("submit", typed)
        await sees(user, f"{name} was changed")
        assert service.rules.get(name).written()[rule.limit] == limits[name]
    user.find(marker="change-mute").click()
    await user.should_see(marker="rule-mute", retries=TRIES)
    user.find(marker="rule-mute").trigger("submit", {"longer_than": "soon"})
    await sees(user, "not a duration: 'soon'")
    assert service.rules.get("mute").written()["longer_than"] == limits["mute"]


async def test_a_device_s_page_leads_to_a_rule_about_it(user: User) -> None:
    await user.open("/rules?device=H003")
    await user.should_see(marker="new-rule-selector", retries=TRIES)
    (field,) = user.find(marker="new-rule-selector").elements
    assert "id=H003" in field.props.values()
    await sees(user, "Fill in what is missing")


async def test_a_rule_says_what_it_raised_in_the_last_weeks(
    user: User, service: MadeUpService
) -> None:
    service.use_rules(["household-prod", "mute"], by="mara")
    got = alerts_got(service)
    of_homes = got["household-prod"]
    assert got.keys() == {"household-prod", "mute"}
    assert got["mute"].alerts == 0 < of_homes.alerts
    rows = service.query("devices", device="").to_pylist()
    spans = [(row["last"] - row["first"]).total_seconds() for row in rows]
    weeks = sum(s for row, s in zip(rows, spans, strict=True) if row["channel"] == "energy_kwh")
    assert of_homes.device_weeks == pytest.approx(weeks / (7 * 86_400))
    await user.open("/rules")
    await sees(user, f"{of_homes.alerts} alert")
    await sees(user, f"{number(of_homes.a_device_week)} of a device and week")


async def test_a_rule_is_tried_on_the_past_before_it_is_changed(
    user: User, service: MadeUpService
) -> None:
    await user.open("/devices/H017")
    await user.should_see(marker="try-household-prod", retries=TRIES)
    await sees(user, "If this had run for the last 90 days")
    (link,) = user.find(marker="try-household-prod").elements
    assert link.props["aria-label"] == "If this had run for the last 90 days household-prod"
    user.find(marker="raise_above-household-prod").clear().type("0,6")
    user.find(marker="try-household-prod").click()
    await sees(user, "It would have raised")
    await sees(user, "of 1 device.")
    await sees(user, "It was tried on what there is since Sat 15 Nov 2025: 8 of 90 days.")
    data = await plotted(user, "bars", "It would have raised")
    values = data["series"][0]["values"]
    assert len(values) == 91
    assert values[0] is None  # nobody knows what was before
    assert sum(value for value in values if value) >= 1
    assert not getattr(service.rules.get("household-prod"), "overrides", {})
    user.find(marker="raise_above-household-prod").clear().type("900")
    user.find(marker="try-household-prod").click()
    await sees(user, "It would have raised nothing.")
    user.find(marker="raise_above-household-prod").clear().type("much")
    user.find(marker="try-household-prod").click()
    await sees(user, "much is not a number")
    await user.should_not_see("It would have raised")


def test_what_a_trial_found_is_said_in_a_sentence() -> None:
    start = day_ms(date(2026, 3, 1), "Europe/Rome")[0]
    day = 24 * HOUR
    alerts = [
        TrialAlert("a", start + n * day + HOUR, start + n * day + 2 * HOUR) for n in (1, 1, 3)
    ]
    found = RuleTrial("r", start, start + 90 * day, start, 14.0, 3, 9, 4.0, tuple(alerts))
    days = Counter({date(2026, 3, 2): 2, date(2026, 3, 4): 1})
    words = trial_words(found, days, "Europe/Rome")
    assert words == (
        "It would have raised 3 alerts on 2 days (Mon 2 Mar and Wed 4 Mar), of 1 device."
    )
    assert how_words(found, "Europe/Rome") == (
        "From the first 14 days of a device it learns: they do not count. "
        "3 of 9 devices were looked at; all would take too long."
    )
    nothing = replace(found, since_ms=None)
    assert "no readings" in trial_words(nothing, Counter(), "UTC")
