"""The API over HTTP: every route, its errors, its document, and whatever schemathesis thinks up."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pyarrow as pa
import pytest

from energyguard.api.rest import document
from energyguard.codecs.dialect import Dialect
from energyguard.log import Records
from energyguard.service.service import EnergyService
from energyguard.testing import MemoryLog
from tests.application.client import ok
from tests.codecs.tele import tele
from tests.service.made import NOON, StandInHistory, alert_event, raise_alerts, send
from tests.waiting import until

__all__ = ["tele"]
CSV = "timestamp,household_id,energy_kwh\n2025-09-06T12:00:00Z,H001,0.05251\n"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


async def test_readings_as_curl_sends_them(http: httpx.AsyncClient, service: EnergyService) -> None:
    """`-d @readings.csv` takes the line ends out; what is meant is not in doubt."""
    lines = CSV + "2025-09-06T12:00:15Z,H001,0.052512\n2025-09-06T12:00:30+00:00,H002,0.1\n"
    plain = await ok(http.post("/readings", content=lines, headers={"Content-Type": "text/csv"}))
    curl = await ok(http.post("/readings", content=lines.replace("\n", ""), headers=FORM))
    binary = await ok(http.post("/readings", content=lines, headers=FORM))
    assert plain == curl == binary
    assert (plain["accepted"], plain["refused"]) == (3, [])


async def test_readings_are_of_the_device_that_their_path_names(
    tele: Dialect, http: httpx.AsyncClient, service: EnergyService
) -> None:
    path = "/readings/tele/plug-7/SENSOR"
    assert (await ok(http.post(path, content=tele.example)))["accepted"] == 1
    too_much = tele.example.replace(b"12}", b"20000000}")
    assert (await ok(http.post(path, content=too_much)))["out_of_range"] == 1
    (letter,) = service.dead_letters(limit=5)
    assert (letter.shape, letter.source) == ("json@plug-7", "api:tele/plug-7/SENSOR")
    odd = await http.post("/readings/tele/a,b/SENSOR", content=tele.example)
    assert (odd.status_code, len(service.dead_letters(limit=5))) == (422, 1)
    assert (await http.post(path, params={"devize": "x"}, content=CSV)).status_code == 422


async def test_idempotency_key_over_http(http: httpx.AsyncClient) -> None:
    key = {"Idempotency-Key": "k1"}
    first = await ok(http.post("/readings", content=CSV, headers=key))
    assert await ok(http.post("/readings", content=CSV, headers=key)) == first
    other = await http.post("/readings", content=CSV + CSV, headers=key)
    assert (other.status_code, other.json()["error"]["code"]) == (409, "conflict")


KINDS = (
    *("text/csv", "application/json", "application/x-ndjson"),
    *("application/vnd.apache.arrow.stream", "", "x/y"),
)


@pytest.mark.parametrize(
    "garbage",
    [
        bytes(range(256)) * 4096,
        b"[" * 2**20,
        b"{}\n" * 1000,
        b"",
        b"\x00" * 1000,
        b"ARROW1\0\0" * 100,
        b'"' * 2**20,
    ],
)
async def test_garbage_is_answered(http: httpx.AsyncClient, garbage: bytes) -> None:
    for kind in KINDS:
        answer = await http.post("/readings", content=garbage, headers={"Content-Type": kind})
        assert answer.status_code in (200, 422), (kind, answer.text)
        if answer.status_code == 200:
            assert answer.json()["accepted"] == 0, kind
        else:
            assert answer.json()["error"]["code"] == "malformed", kind


async def test_an_alert_from_list_to_unsilenced(
    http: httpx.AsyncClient, log: MemoryLog, service: EnergyService
) -> None:
    raise_alerts(log, alert_event())
    until(service.book.open)
    (row,) = await ok(http.get("/alerts?state=firing&device=H017&limit=5"))
    assert (row["observed"], row["expected"], row["unit"]) == (2.31, 2.0, "kWh")
    held = await ok(http.post("/alerts/a1/acknowledge", json={"note": "oven"}))
    assert (held["state"], held["acknowledged_by"], held["note"]) == (
        "acknowledged",
        "mara",
        "oven",
    )
    before_ms = service.clock.now_ms()
    quiet = await ok(http.post("/alerts/a1/silence", json={"for": "30m"}))
    assert 0 <= quiet["silenced_until_ms"] - before_ms - 30 * 60_000 < 60_000
    assert (await ok(http.post("/alerts/a1/unsilence")))["state"] == "acknowledged"
    for us, note in ((True, "That was us"), (False, "That was not us")):  # of any rule: a word
        assert (await ok(http.post("/alerts/a1/answer", json={"us": us})))["note"] == note
    story = (await ok(http.get("/alerts/a1")))["story"]
    done = ["acknowledge", "silence", "unsilence", "acknowledge", "acknowledge"]
    assert [line["what"] for line in story] == ["firing", *done]
    assert (await http.get("/alerts/none")).status_code == 404
    both = {"for": "1m", "until": "2025-09-06T12:00:00Z"}
    assert (await http.post("/alerts/a1/silence", json=both)).status_code == 422
    assert await ok(http.get("/alerts?since=2025-09-06T13:00:00Z")) == []


async def test_rules_over_http(http: httpx.AsyncClient) -> None:
    active = {row["id"]: row["active"] for row in await ok(http.get("/rules"))}
    assert (active["household-prod"], active["household-demo"]) == (True, False)
    rows = await ok(http.put("/rules", json={"use": ["household-demo"]}))
    assert {row["id"] for row in rows if row["active"]} == {"household-demo"}
    changed = await ok(http.patch("/rules/household-demo", json={"raise_above": "0.07"}))
    assert changed["raise_above"] == 0.07
    assert (await http.put("/rules", json={"use": ["none"]})).status_code == 404
    wrong = await http.patch("/rules/household-demo", json={"window": "7s"})
    assert wrong.status_code == 422 and wrong.json()["error"]["faults"]


async def test_what_changes_nothing_of_a_rule_is_no_change(http: httpx.AsyncClient) -> None:
    for change in ('{"raise_above": null, "about": null}', "{}", '{"raise_above": "11"}'):
        await ok(http.patch("/rules/floor-kw", json=json.loads(change)))
    await ok(http.patch("/rules/floor-kw/devices/p2", json={"raise_above": None}))
    await ok(http.delete("/rules/floor-kw/devices/p2"))
    found = await ok(http.get("/rules/floor-kw"))
    assert (found["history"], found.get("by")) == ([], None)


async def test_a_device_s_limit_over_http(http: httpx.AsyncClient) -> None:
    changed = await ok(http.patch("/rules/floor-kw/devices/p2", json={"raise_above": "7.5"}))
    assert changed["raise_above"] == 11
    device = changed["devices"]["p2"]
    assert (device["fields"], device["by"]) == ({"raise_above": "7.5"}, "mara")
    assert device["at_ms"] > 0 and "by" not in changed
    assert (await ok(http.patch("/rules/floor-kw", json={"raise_above": "12"})))["by"] == "mara"
    rows = {row["id"]: row for row in await ok(http.get("/rules"))}
    assert rows["floor-kw"]["devices"] == changed["devices"]
    for wrong in ({"raise_above": "5", "clear_at": "6"}, {"raise_above": "high"}, {"volts": "5"}):
        answer = await http.patch("/rules/floor-kw/devices/p2", json=wrong)
        assert answer.status_code == 422, wrong
    assert (await http.patch("/rules/none/devices/p2", json={})).status_code == 404
    assert "devices" not in await ok(http.delete("/rules/floor-kw/devices/p2"))


async def test_rules_are_added_told_and_taken_back_over_http(http: httpx.AsyncClient) -> None:
    toml = """
    [[rule]]
    id = "campus"
    channels = ["energy_kwh"]
    window = "15 minutes"
    slide = "15 seconds"
    raise_above = "2"
    selector = "site=campus"
    """
    (made,) = await ok(http.post("/rules", json={"toml": toml}))
    assert (made["active"], made["selector"], made["by"]) == (True, "site=campus", "mara")
    wrong = await http.post("/rules", json={"toml": toml.replace('"2"', '"much"')})
    assert wrong.status_code == 422
    assert "rules:7: raise_above" in str(wrong.json()["error"]["faults"])
    await ok(http.patch("/rules/campus/devices/H1", json={"raise_above": "3"}))
    (line,) = (await ok(http.get("/rules/campus")))["history"]
    assert (line["by"], line["device"]) == ("mara", "H1")
    assert line["what"] == "raise_above 2 → 3, clear_at 2 → 3"
    assert "devices" not in await ok(http.post("/rules/campus/undo?device=H1"))
    other = {"selector": "site=lawn", "severity": "critical", "about": "Ask the caretaker."}
    changed = await ok(http.patch("/rules/campus", json=other))
    assert {name: changed[name] for name in other} == other
    assert "selector" not in await ok(http.patch("/rules/campus", json={"selector": ""}))
    wrong = await http.patch("/rules/campus", json={"selector": "lawn"})
    assert wrong.status_code == 422 and "no part of a selector" in wrong.text
    for _ in range(2):
        changed = await ok(http.post("/rules/campus/undo"))
    assert (changed["selector"], changed["severity"]) == ("site=campus", "warning")
    assert (await http.post("/rules/campus/undo")).status_code == 409
    assert (await http.delete("/rules/household-prod")).status_code == 409
    assert "campus" not in {row["id"] for row in await ok(http.delete("/rules/campus"))}


async def test_notifications_over_http(log: MemoryLog, http: httpx.AsyncClient) -> None:
    raise_alerts(log, alert_event("a1"), alert_event("a2"))
    while (await ok(http.get("/notifications/unread")))["unread"] < 2:
        await asyncio.sleep(0.02)
    rows = await ok(http.get("/notifications"))
    assert [(row["alert"], row["read"]) for row in rows] == [("a2", False), ("a1", False)]
    assert rows[0]["sentence"] and rows[0]["at_ms"] > 0
    assert len(await ok(http.get("/notifications?limit=1"))) == 1
    assert await ok(http.get("/notifications?since=2100-01-01")) == []
    assert await ok(http.post("/notifications/read")) == {"unread": 0}
    assert {row["read"] for row in await ok(http.get("/notifications"))} == {True}
    for query in ("limit=-1", "limit=x", "since=yesterday"):
        assert (await http.get(f"/notifications?{query}")).status_code == 422
    for body in ({"until": "yesterday"}, {"all": True}, {"until": 7}):
        assert (await http.post("/notifications/read", json=body)).status_code == 422


async def test_dead_letters_over_http(http: httpx.AsyncClient) -> None:
    await ok(http.post("/readings", content=CSV + "bad,H001,0.1\n"))
    (letter,) = await ok(http.get("/dlq"))
    assert letter["original"] == "bad,H001,0.1"
    assert await ok(http.get("/dlq/0")) == letter
    assert (await http.get("/dlq/7")).status_code == 404
    assert (await ok(http.post("/dlq/replay", json={"offsets": [0]})))["malformed"] == 1
    assert (await ok(http.get("/quality")))["dead_letters"] == 2


async def test_questions_about_the_past(http: httpx.AsyncClient, history: StandInHistory) -> None:
    away = await http.get("/top")
    assert (away.status_code, away.headers["retry-after"]) == (503, "2")
    moment = datetime(2025, 9, 6, 12, tzinfo=UTC)
    history.answers = {
        "top": pa.table({"device": ["H1"], "kwh": [1.5], "alerts": [2]}),
        "heatmap": pa.table({"device": ["H1"], "hour": [12], "kwh": [1.5], "alerts": [2]}),
        "window_sums": pa.table({"window_start": [moment], "window_end": [moment], "kwh": [2.0]}),
        "series": pa.table({"time": [moment], "value": [0.5], "readings": [4]}),
        "trend": pa.table(
            {
                "readings": [4],
                "mean": [0.5],
                "lowest": [0.1],
                "highest": pa.array([None], pa.float64()),
                "slope": [0.1],
                "error": [0.2],
            }
        ),
        "readings": pa.table(
            {
                "device": ["H1"],
                "channel": ["energy_kwh"],
                "time": [moment],
                "value": [0.05],
                "sequence": pa.array([None], pa.int64()),
                "topic": ["energy_readings"],
            }
        ),
    }
    span = "start=2025-09-06T12:00:00Z&end=1757163600000"
    assert (await ok(http.get(f"/top?{span}&by=alerts&n=3")))[0]["alerts"] == 2
    assert history.asked[-1] == (
        "top",
        {"start_ms": NOON, "end_ms": NOON + 3_600_000, "by": "alerts", "n": 3, "without": ""},
    )
    assert (await ok(http.get(f"/heatmap?{span}")))[0]["hour"] == 12
    assert (await ok(http.get(f"/series?{span}&step=15m")))[0]["time"] == "2025-09-06T12:00:00Z"
    assert (await ok(http.get(f"/windows?{span}&device=H1")))[0]["kwh"] == 2.0
    assert (await ok(http.get(f"/readings?{span}")))[0]["value"] == 0.05
    told = await ok(http.get(f"/trend?{span}&device=H1&channel=power_kw"))
    assert (told["slope"], told["error"], told["highest"]) == (0.1, 0.2, None)
    many = await http.get("/series?start=2000-01-01&end=2025-01-01&step=1s")
    assert many.status_code == 422
    assert (await http.get("/top?start=yesterday")).json()["error"]["field"] == "start"


async def test_what_is_so_now(
    http: httpx.AsyncClient, log: MemoryLog, service: EnergyService
) -> None:
    send(log, ("H001", 0, 0.01), ("H001", 15, 0.01), ("H002", 15, 0.02))
    until(lambda: len(service.live.readings()) == 3)
    assert (await ok(http.get("/overview")))["devices"] == 2
    assert [row["device"] for row in await ok(http.get("/devices?after=H001"))] == ["H002"]
    assert (await ok(http.get("/devices/H001")))[0]["kw"] == pytest.approx(2.4)
    assert len(await ok(http.get("/readings/newest?limit=2"))) == 2
    assert await ok(http.get("/windows/alerting")) == []


async def test_health_and_metrics_at_the_root(http: httpx.AsyncClient) -> None:
    root = "http://127.0.0.1"
    bare = {"Authorization": ""}
    assert (await http.get(f"{root}/healthz", headers=bare)).json() == {"ok": True}
    ready = await http.get(f"{root}/readyz", headers=bare)
    assert (ready.status_code, ready.json()["parts"]["log"]) == (200, "ok")
    assert (await http.get(f"{root}/metrics", headers=bare)).status_code == 401
    metrics = await http.get(f"{root}/metrics")
    assert "energyguard_readings_total" in metrics.text


async def test_metrics_tell_what_the_worker_wrote_into_the_log(
    http: httpx.AsyncClient, log: MemoryLog, service: EnergyService
) -> None:
    said = {
        "topic": "replay.metrics",
        "partition": 0,
        "position": 3,
        "watermark_ms": NOON - 600_000,
        "newest_ms": NOON,
        "at_ms": NOON,
        "devices": 1,
        **dict.fromkeys(("accepted", "late", "duplicate", "conflicting", "ahead"), 7),
    }
    key = b"replay.metrics/0"
    log.append("energyguard.progress", Records([key], [json.dumps(said).encode()]))
    until(lambda: service.quality().late == 7)
    for _ in range(2):  # a second scrape must not count again
        text = (await http.get("http://127.0.0.1/metrics")).text
    assert 'energyguard_readings_total{topic="replay.metrics",verdict="late"} 7.0' in text
    assert 'energyguard_watermark_lag_seconds{topic="replay.metrics"} 600.0' in text


async def test_the_documentation_loads_nothing_from_outside(http: httpx.AsyncClient) -> None:
    page = (await http.get("/docs")).text
    assert "http://" not in page and "https://" not in page
    assert (await http.get("/openapi.json")).json()["servers"] == [{"url": "/api/v1"}]


def test_the_committed_document_is_the_api() -> None:
    kept = Path(__file__).parents[2] / "docs" / "openapi.json"
    assert kept.read_text("utf-8") == document(), (
        "write it anew: python -c 'from energyguard.api.rest import document; "
        'print(document(), end="")\' > docs/openapi.json'
    )


async def test_a_parameter_that_is_not_there_is_refused(http: httpx.AsyncClient) -> None:
    answer = await http.get("/readings", params={"since": "2h"})
    assert answer.status_code == 422
    error = answer.json()["error"]
    assert error["field"] == "since"
    assert "there are: channel, device, end, limit, start" in error["message"]


async def test_faults_are_told_in_our_words(http: httpx.AsyncClient) -> None:
    error = (await http.get("/readings", params={"limit": "0"})).json()["error"]
    assert error["message"] == "limit: must be at least 1, not 0"
    error = (await http.get("/readings", params={"limit": "many"})).json()["error"]
    assert error["message"] == "limit: is not a whole number: many"
    error = (await http.get("/windows")).json()["error"]
    assert error["message"] == "device: is missing"
    error = (await http.get("/readings", params={"start": "never"})).json()["error"]
    assert "Input should" not in error["message"]
