"""Rules of every kind over HTTP: what they say, what of them can be changed, their alerts."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from energyguard.service.late_sums import LateSums
from tests.application.client import ok
from tests.application.kinds import IDS, service_of_kinds
from tests.application.service import MadeUpService
from tests.service.test_late_sums import BEHIND_MS, FRONT_MS, Summing


@pytest.fixture
def service(tmp_path: Path) -> MadeUpService:
    return service_of_kinds(tmp_path)


async def test_a_rule_says_its_kind_and_what_can_be_changed(http: httpx.AsyncClient) -> None:
    rows = {row["id"]: row for row in await ok(http.get("/rules")) if row["id"] in IDS}
    kinds = {name: (row.get("kind"), row.get("limit")) for name, row in rows.items()}
    assert kinds == {
        "climbs": ("rate", "raise_above"),
        "mute": ("silence", "longer_than"),
        "cold": ("state", "raise_below"),
        "idle": ("threshold", "raise_below"),
        "peaks": ("demand", "raise_above"),
        "thirsty": (None, None),  # as it was when there was no other kind
    }
    assert rows["climbs"]["fields"]["per"] == "1 hour"
    assert rows["cold"]["fields"]["longer_than"] == "1 minute"
    assert (rows["idle"]["raise_above"], rows["idle"]["unit"]) == (1.0, "kWh")
    assert "fields" not in rows["thirsty"]


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("climbs", {"per": "10 minutes", "dwell": "1 minute"}),
        ("climbs", {"raise_above": "90", "clear_at": "45"}),
        ("mute", {"longer_than": "2 hours", "rhythms": "4"}),
        ("cold", {"raise_below": "-5.5", "clear_at": "-4", "longer_than": "5 minutes"}),
        ("idle", {"raise_below": "0.25", "longest_gap": "1 minute"}),
        ("idle", {"raise_below": "-0.25", "clear_at": "-0.2", "basis": "high"}),
    ],
)
async def test_the_fields_of_a_kind_are_changed(
    http: httpx.AsyncClient, service: MadeUpService, name: str, change: dict[str, str]
) -> None:
    changed = await ok(http.patch(f"/rules/{name}", json=change))
    assert {field: changed["fields"][field] for field in change} == change
    written = service.rules.get(name).written()
    assert {field: written[field] for field in change} == change


async def test_a_rule_that_goes_by_bounds_says_so(http: httpx.AsyncClient) -> None:
    changed = await ok(http.patch("/rules/thirsty", json={"basis": "low"}))
    assert changed["fields"]["basis"] == "low"
    assert "fields" not in await ok(http.patch("/rules/thirsty", json={"basis": "estimate"}))


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("climbs", {"direction": "down"}, "direction: is not a field of this"),
        ("climbs", {"longer_than": "1 hour"}, "longer_than"),
        ("mute", {"rhythms": "1"}, "rhythms: 1 is every pause"),
        ("mute", {"raise_above": "3"}, "raise_above"),
        ("cold", {"raise_below": "chilly"}, "raise_below"),
        ("idle", {"basis": "certain"}, "basis: 'certain' is not estimate, low or high"),
    ],
)
async def test_what_a_kind_cannot_be_is_refused_and_changes_nothing(
    http: httpx.AsyncClient, service: MadeUpService, name: str, change: dict[str, str], words: str
) -> None:
    before = service.rules.get(name)
    refused = await http.patch(f"/rules/{name}", json=change)
    assert refused.status_code == 422
    assert words in refused.text
    assert service.rules.get(name) == before


async def test_alerts_of_every_kind_say_what_was_observed(
    http: httpx.AsyncClient, service: MadeUpService
) -> None:
    found = {row["rule"]: row for row in await ok(http.get("/alerts?limit=100"))}
    amounts = {name: (found[name]["expected"], found[name]["unit"]) for name in IDS}
    assert amounts == {
        "climbs": (60.0, "°C per hour"),
        "mute": (600.0, "s"),
        "cold": (16.0, "°C"),
        "idle": (1.0, "kWh"),
        "thirsty": (1.5, "kWh"),
        "peaks": (20.0, "kW"),
    }
    cold = await ok(http.get(f"/alerts/{found['cold']['id']}"))
    assert cold["peak"] == cold["observed"] == pytest.approx(14.763, abs=0.001)
    assert [line["what"] for line in cold["story"]] == ["pending", "firing"]
    assert cold["sentence"].startswith("cellar: 14.763 °C is below 16 °C, by 1.237 °C for longer")
    held = await ok(http.post(f"/alerts/{cold['id']}/acknowledge", json={"note": "the window"}))
    assert held["state"] == "acknowledged"


async def test_what_sums_wait_for(http: httpx.AsyncClient, service: MadeUpService) -> None:
    assert await ok(http.get("/late-sums")) == []
    service.late_sums = LateSums(service.log, service.clock)
    parts = {"H001": FRONT_MS, "H002": FRONT_MS - BEHIND_MS}
    Summing(service.log, "house", [*parts]).take(parts)
    (late,) = await ok(http.get("/late-sums?of=device/house"))
    assert (late["of"], late["waits_for"], late["behind_ms"]) == ("device/house", "H002", BEHIND_MS)
    assert (await http.get("/late-sums?of=house")).status_code == 422
