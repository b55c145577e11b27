"""The building monitor's thresholds: what is put is what raises alerts."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from energyguard.compat.building.coordinator import OPEN, build_building
from energyguard.compat.building.thresholds import OLD_KEY, take_over
from energyguard.compat.shapes import as_building
from energyguard.errors import Unavailable
from energyguard.model.readings import batch_from, batch_of
from energyguard.rules.registry import RuleBook, open_book
from energyguard.service.alerts.alerting import Alerting
from energyguard.settings.tree import Settings
from energyguard.store.keys import Key
from energyguard.stream.windows.operator import WindowOperator
from tests.compat.doors import GONE, NOW, Http, Parts
from tests.compat.test_building import told

OURS = {"delta_kwh_max": 0.08, "kw_max": 11, "corrente_max": 50, "tensione_max": 253}
THEIRS = {"delta_kwh_max": 0.08, "kw_max": 11, "corrente_max": 15, "tensione_max": 232}


@pytest.fixture
def parts(tmp_path: Path) -> Parts:
    return Parts(tmp_path)


def door(parts: Parts, alerting: Alerting | None = None, **guard: Any) -> Http:
    alerting = alerting or parts.alerting
    app = build_building(parts.store, None, parts.versions, parts.clock, alerting=alerting)
    return parts.http(app, as_building, OPEN, **guard)


@pytest.fixture
async def http(parts: Parts) -> AsyncIterator[Http]:
    async with door(parts) as client:
        yield client


async def thresholds(http: Http) -> Any:
    return (await http.get("/admin/thresholds")).json()


def raised(book: RuleBook, *rows: tuple[str, str, float]) -> list[tuple[str, str]]:
    """Which rules fire for which devices: (device, channel, value) all at one time."""
    device, channel, value = zip(*rows, strict=True)
    nano = [round(v * 1e9) for v in value]
    batch = batch_from(batch_of(device, channel, [NOW] * len(rows), nano))
    events = WindowOperator("energyguard.readings", book.active()).process(batch).events
    return sorted((e.device, e.rule) for e in events if e.rule.startswith("floor-"))


async def test_they_are_in_force_and_kept(http: Http, parts: Parts) -> None:
    assert await thresholds(http) == {"default": OURS, "per_floor": {}}
    wanted = {"default": OURS | {"kw_max": 9}, "per_floor": {"2": {"kw_max": 7.5}}}
    saved = await http.put("/admin/thresholds", json=wanted)
    assert saved.json() == {"status": "ok", "thresholds": wanted}
    later = Alerting(parts.log, Settings(data_dir=parts.folder), parts.clock)
    later.start()
    try:
        async with door(parts, later) as again:
            assert await thresholds(again) == wanted
    finally:
        later.close()
    rows = [("p1", "power_kw", 8.0), ("p2", "power_kw", 7.5), ("p3", "power_kw", 9.1)]
    assert raised(later.rules, *rows, ("H001", "power_kw", 99.0)) == [("p3", "floor-kw")]
    assert raised(later.rules, ("p2", "power_kw", 7.6)) == [("p2", "floor-kw")]
    assert later.rules.edits("floor-kw")["p2"].by == "tests"
    assert later.rules.edits("floor-kw")["p2"].at_ms == NOW
    assert "p1" not in later.rules.edits("floor-kw")
    assert later.rules.edits("floor-amp") == {}  # nobody changed it


async def test_system_a_s_own_are_one_request_away(http: Http, parts: Parts) -> None:
    """All four of its events, strictly greater."""
    flat = await http.put("/admin/thresholds", json=THEIRS)
    assert flat.json()["thresholds"] == {"default": THEIRS, "per_floor": {}}
    at = [
        ("p1", "power_kw", 11.0), ("p1", "current_a", 15.0), ("p1", "voltage_v", 232.0),
        ("p1", "delta_kwh", 0.08),
    ]  # fmt: skip
    assert raised(parts.alerting.rules, *at) == []
    above = [(device, channel, value + 1e-6) for device, channel, value in at]
    assert [rule for _, rule in raised(parts.alerting.rules, *above)] == [
        "floor-amp", "floor-dkwh", "floor-kw", "floor-volt",
    ]  # fmt: skip


async def test_a_limit_may_have_a_level_that_ends_it_and_a_time(http: Http, parts: Parts) -> None:
    band = {"raise_above": 12.0, "clear_at": 10.0, "dwell": "2 minutes"}
    wanted = {"default": OURS | {"kw_max": band}, "per_floor": {"3": {"kw_max": 20}}}
    saved = await http.put("/admin/thresholds", json=wanted)
    assert saved.json()["thresholds"] == wanted
    rule = parts.alerting.rules.get("floor-kw")
    assert (rule.of("p1").clear_level, rule.of("p3").clear_level) == (10 * 10**9, 20 * 10**9)
    assert rule.of("p1").written()["longer_than"] == "2 minutes"
    assert "longer_than" not in rule.of("p3").written()


async def test_what_is_not_named_is_as_it_is_by_default(http: Http) -> None:
    await http.put("/admin/thresholds", json={"default": THEIRS, "per_floor": {"1": {"kw_max": 1}}})
    again = await http.put("/admin/thresholds", json={"default": {"kw_max": 5}})
    assert again.json()["thresholds"] == {"default": OURS | {"kw_max": 5}, "per_floor": {}}


async def test_what_was_changed_elsewhere_is_seen(http: Http, parts: Parts) -> None:
    changes = parts.alerting.rule_changes
    changes.change("floor-volt", "mara", "p7", {"raise_above": "240"})
    assert (await thresholds(http))["per_floor"] == {"7": {"tensione_max": 240}}
    changes.change("floor-volt", "mara", "p7x", {"raise_above": "250"})  # no floor
    await http.put("/admin/thresholds", json={"default": OURS})
    assert parts.alerting.rules.get("floor-volt").of("p7x").level == 250 * 10**9
    changes.use(["household-prod"], "mara")
    assert await thresholds(http) == {"default": {}, "per_floor": {}}
    await http.put("/admin/thresholds", json={"default": OURS})  # runs them again
    assert (await thresholds(http))["default"] == OURS


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ({"default": {"kw": 5}}, "thresholds.default.kw: is not a field of this"),
        ({"default": {"kw_max": "5"}}, "thresholds.default.kw_max.level: is not a number: 5"),
        (
            {"default": {"kw_max": {"raise_above": -1}}},
            "thresholds.default.kw_max.band.raise_above: must be at least 0.0, not -1",
        ),
        (THEIRS | {"kw_max": "5"}, "limits.kw_max: is not a number: 5"),
    ],
)
async def test_a_fault_is_told_once_and_of_the_form_that_was_meant(
    body: object, fault: str, http: Http
) -> None:
    answer = await http.put("/admin/thresholds", json=body)
    assert (answer.status_code, answer.json()["error"]["faults"]) == (422, [fault])


WRONG: Sequence[object] = (
    {},
    {"default": {"kw_max": -1}},
    {"default": {"kw_max": 1e10}},
    {"default": {"kw_max": "much"}},
    {"default": {"kw_max": "9"}},
    {"default": {"kw_max": True}},
    {"default": {"kw_max": None, "volts": 5}},
    {"default": {"kw_max": {"raise_above": 9, "clear_at": 10}}},
    {"default": {"kw_max": {"clear_at": 10}}},
    {"default": {"kw_max": {"raise_above": 9, "dwell": "soon"}}},
    {"default": {}, "per_floor": {"cellar": {}}},
    {"default": {}, "per_floor": {"0": {"kw_max": 5}}},
    {"default": {}, "per_floor": {"1": {"volts": 5}}},
    {"default": {}, "per_floor": {"1": {"kw_max": {"raise_above": 1, "clear_at": 2}}}},
    {"kw_max": 5},
    [],
)


@pytest.mark.parametrize("wanted", WRONG, ids=json.dumps)
async def test_wrong_ones_are_refused_and_the_old_ones_stay(
    http: Http, parts: Parts, wanted: object
) -> None:
    await http.put("/admin/thresholds", json={"default": OURS | {"kw_max": 9}})
    before = await thresholds(http)
    answer = await http.put("/admin/thresholds", json=wanted)
    assert answer.status_code == 422
    assert answer.json()["error"]["message"]
    assert await thresholds(http) == before
    assert raised(parts.alerting.rules, ("p1", "power_kw", 9.5)) == [("p1", "floor-kw")]


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
async def test_what_is_no_number_is_refused(http: Http, number: str) -> None:
    body = f'{{"default":{{"kw_max":{number}}}}}'
    headers = {"Content-Type": "application/json"}
    answer = await http.put("/admin/thresholds", content=body, headers=headers)
    assert answer.status_code == 422
    assert await thresholds(http) == {"default": OURS, "per_floor": {}}


async def test_a_huge_body_is_refused(parts: Parts) -> None:
    floors = {str(n): {"kw_max": n} for n in range(1, 900)}
    async with door(parts, body_limit=1_000) as http:
        answer = await http.put("/admin/thresholds", json={"default": OURS, "per_floor": floors})
        assert told(answer) == (413, "too-large")
        assert await thresholds(http) == {"default": OURS, "per_floor": {}}


async def test_puts_at_once_leave_one_of_them_whole(http: Http, parts: Parts) -> None:
    def body(n: int) -> dict[str, Any]:
        limits = dict.fromkeys(OURS, n)
        return {"default": limits, "per_floor": {str(n): {"kw_max": n + 1}}}

    wanted = [body(n) for n in range(1, 13)]
    await asyncio.gather(*(http.put("/admin/thresholds", json=one) for one in wanted))
    now = await thresholds(http)
    assert now in wanted
    book = open_book([], parts.alerting.settings.rules.use)
    for fetched in parts.log.read(parts.log.positions("energyguard.rules", "@earliest"), 1_000, 0):
        for key, value in zip(fetched.keys, fetched.values, strict=True):
            book.apply((key or b"").decode(), value)
    assert book.all() == parts.alerting.rules.all()  # whoever reads the log has the same


async def test_those_of_an_older_version_take_effect_once(parts: Parts) -> None:
    old = {"default": THEIRS | {"kw_max": 8.0}, "per_floor": {"2": {"kw_max": 7.5}}}
    await parts.store.change(Key(OLD_KEY), json.dumps(old).encode())
    await take_over(parts.store, parts.alerting)
    async with door(parts) as http:
        assert await thresholds(http) == old
        await http.put("/admin/thresholds", json={"default": {"kw_max": 10}})
        await take_over(parts.store, parts.alerting)  # the next start
        assert (await thresholds(http))["default"]["kw_max"] == 10
    assert raised(parts.alerting.rules, ("p1", "power_kw", 10.5)) == [("p1", "floor-kw")]


async def test_damaged_ones_of_an_older_version_cost_nothing(parts: Parts) -> None:
    await parts.store.change(Key(OLD_KEY), b'{"default":{"kw_max":-1}}')
    await take_over(parts.store, parts.alerting)
    async with door(parts) as http:
        assert await thresholds(http) == {"default": OURS, "per_floor": {}}
    with pytest.raises(Unavailable):  # a start that cannot know says so, and may be tried again
        await take_over(GONE, parts.alerting)
