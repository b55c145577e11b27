"""The building monitor's notifications over its door: stream, list, unread, broadcasts."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from threading import Event
from typing import Any

import httpx
import msgspec
import pytest

from energyguard.clock import ManualClock
from energyguard.compat.building.coordinator import OPEN, STREAMS, build_building
from energyguard.compat.guard import Guard
from energyguard.compat.shapes import as_building
from energyguard.model.alerts import State
from energyguard.ports.server import serve
from energyguard.records.alerts import AlertEvent
from energyguard.service.alerts.alerting import Alerting
from energyguard.settings.notify import NotifySettings
from energyguard.settings.tree import ServeSettings, Settings
from tests.api.test_stream import events
from tests.compat.doors import NOW, Http, Parts
from tests.compat.test_building import told
from tests.service.made import alert_event, raise_alerts
from tests.waiting import until

SECRET = "of-the-broadcasts"
SETTINGS = {"notify": NotifySettings(cooldown="30s"), "serve": ServeSettings(streams=2)}
BROADCAST = {"piano": 2, "timestamp": "2025-09-06T12:00:00+00:00", "eventi": ["kw_over"]}
KNOWN = {"X-Internal-Token": SECRET}


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[Parts]:
    parts = Parts(tmp_path)
    parts.alerting = Alerting(parts.log, Settings(data_dir=tmp_path, **SETTINGS), parts.clock)
    parts.alerting.start()
    yield parts
    parts.alerting.close()


def guarded(parts: Parts, alerting: Alerting | None = None, secret: str = SECRET) -> Guard:
    app = build_building(
        parts.store,
        None,
        parts.versions,
        parts.clock,
        alerting=alerting or parts.alerting,
        broadcast_token=secret,
    )
    return parts.guarded(app, as_building, OPEN, streams=STREAMS, deadline_s=1.5)


def client(parts: Parts, door: Guard, token: str = "") -> Http:
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(door),
        base_url="http://127.0.0.1:8000",
        headers={"Authorization": f"Bearer {token or parts.token}"},
        trust_env=False,
    )


@pytest.fixture
async def http(parts: Parts) -> AsyncIterator[Http]:
    async with client(parts, guarded(parts)) as found:
        yield found


@asynccontextmanager
async def served(parts: Parts) -> AsyncIterator[Http]:
    """A client of the door on a real port."""
    stop, ready = Event(), asyncio.Event()
    listening = socket.create_server(("127.0.0.1", 0))
    serving = asyncio.create_task(serve(guarded(parts), listening, stop, ready.set))
    await asyncio.wait_for(ready.wait(), 20)
    async with httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{listening.getsockname()[1]}",
        headers={"Authorization": f"Bearer {parts.token}"},
        trust_env=False,
        timeout=20,
    ) as found:
        yield found
        stop.set()
        await serving
    listening.close()


def of_floor(alert_id: str, device: str = "p1", rule: str = "floor-kw") -> AlertEvent:
    return msgspec.structs.replace(
        alert_event(alert_id),
        device=device,
        rule=rule,
        channel="power_kw",
        observed=12_400_000_000,
        expected=11_000_000_000,
        unit="kW",
        since_ms=NOW,
        state=State.FIRING,
    )


def fire(parts: Parts, *found: AlertEvent) -> None:
    raise_alerts(parts.log, *found)
    kept = parts.alerting.notifications
    until(lambda: {event.id for event in found} <= {one.event.id for one in kept.newest(1_000)})


async def unread(http: Http) -> int:
    count: int = (await http.get("/notifications/unread_count")).json()["unread_count"]
    return count


async def test_a_ping_then_anomalies_that_resume(parts: Parts) -> None:
    """Far beyond the door's deadline, in system A's words, and of floors alone."""
    async with served(parts) as http:
        async with http.stream("GET", "/anomalies/stream") as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
            lines = answer.aiter_lines()
            (ping,) = await events(lines, 1)
            assert ping["event"] == "ping"
            await asyncio.sleep(2)
            raise_alerts(parts.log, of_floor("h", "H001"), of_floor("a1"))
            (seen,) = await events(lines, 1)
            assert seen["event"] == "anomaly"
            document = seen["data"]
            assert document.pop("ts") > 0
            assert document == {
                "alert_id": "a1",
                "piano": 1,
                "timestamp": "2025-09-06T12:00:00+00:00",
                "eventi": [
                    {
                        "type": "kw_over",
                        "value": 12.4,
                        "threshold": 11.0,
                        "message": of_floor("a1").about,
                    }
                ],
                "raw": {
                    "piano": 1, "timestamp": "2025-09-06T12:00:00+00:00", "sensore2_kw": 12.4,
                },
                "thresholds": {"kw_max": 11.0},
            }  # fmt: skip
        fire(parts, of_floor("a2", "p12"), of_floor("a3"))
        for after, expected in ((ping["id"], {"a1", "a2", "a3"}), (seen["id"], {"a2", "a3"})):
            headers = {"Last-Event-ID": after}
            async with http.stream("GET", "/anomalies/stream", headers=headers) as answer:
                got = await events(answer.aiter_lines(), 1 + len(expected))
                assert {event["data"].get("alert_id") for event in got[1:]} == expected
        await asyncio.to_thread(until, lambda: not parts.alerting.listeners)


async def test_streams_are_counted_and_nonsense_begins_anew(parts: Parts) -> None:
    async with served(parts) as http:
        headers = {"Last-Event-ID": "yesterday"}
        async with (
            http.stream("GET", "/anomalies/stream", headers=headers) as one,
            http.stream("GET", "/anomalies/stream") as two,
        ):
            for answer in (one, two):
                assert [e["event"] for e in await events(answer.aiter_lines(), 1)] == ["ping"]
            third = await http.get("/anomalies/stream")
            assert (third.status_code, third.headers["retry-after"]) == (429, "5")
        await asyncio.to_thread(until, lambda: not parts.alerting.listeners)


async def test_who_reads_too_slowly_is_told_how_much_it_missed(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("energyguard.service.live.subscribers.FACTS_KEPT", 3)
    async with served(parts) as http, http.stream("GET", "/anomalies/stream") as answer:
        lines = answer.aiter_lines()
        await events(lines, 1)
        (slow,) = parts.alerting._updates.listeners
        with slow._lock:  # it takes nothing while these come
            pass
        raise_alerts(parts.log, *(of_floor(f"a{n}", f"p{n + 1}") for n in range(40)))
        got: list[dict[str, Any]] = []
        while sum(e["event"] == "anomaly" for e in got) + missed_in(got) < 40:
            got += await events(lines, 1)
        assert sum(e["event"] == "anomaly" for e in got) + missed_in(got) == 40


def missed_in(got: list[dict[str, Any]]) -> int:
    return sum(e["data"]["events"] for e in got if e["event"] == "missed")


async def test_the_list_is_newest_first(http: Http, parts: Parts) -> None:
    fire(parts, of_floor("a1"), of_floor("h", "H001"))
    fire(parts, of_floor("a2", rule="pattern-kw"))
    rows = (await http.get("/notifications")).json()["notifications"]
    assert [row["alert_id"] for row in rows] == ["a2", "a1"]
    assert [row["eventi"][0]["type"] for row in rows] == ["pattern_outlier_kw", "kw_over"]
    one = (await http.get("/notifications?limit=1")).json()["notifications"]
    assert [row["alert_id"] for row in one] == ["a2"]
    newest = rows[0]["ts"]
    for since, expected in ((0, 2), (newest + 0.002, 0), ("2020-01-01T00:00:00Z", 2)):
        found = (await http.get("/notifications", params={"since_ts": since})).json()
        assert len(found["notifications"]) == expected, since


@pytest.mark.parametrize(
    "query",
    [
        "limit=-1", "limit=0", "limit=1001", "limit=ten", "limit=1.5", "since_ts=yesterday",
        "since_ts=-1", "since_ts=nan", "since_ts=inf", "since_ts=1e30", "since_ts=",
    ],
)  # fmt: skip
async def test_what_cannot_be_asked(http: Http, query: str) -> None:
    assert told(await http.get(f"/notifications?{query}")) == (422, "malformed")


async def test_each_person_has_read_others(http: Http, parts: Parts) -> None:
    fire(parts, of_floor("a1"), of_floor("a2", "p2"), of_floor("h", "H001"))
    other = client(parts, guarded(parts), parts.tokens.create("timo"))
    async with other as timo:
        assert (await unread(http), await unread(timo)) == (2, 2)
        marked = await http.post("/notifications/mark_read")
        assert marked.json() == {"status": "ok", "unread_count": 0}
        assert (await unread(http), await unread(timo)) == (0, 2)
        rows = (await timo.get("/notifications")).json()["notifications"]
        assert [row["read"] for row in rows] == [False, False]
    fire(parts, of_floor("a3", "p3"))
    assert await unread(http) == 1
    later = Alerting(parts.log, parts.alerting.settings, parts.clock)
    later.start()
    try:
        async with client(parts, guarded(parts, later)) as again:
            assert await unread(again) == 1
    finally:
        later.close()
    wrong: object
    for wrong in ({"until": "yesterday"}, {"until": 5}, {"all": True}, []):
        assert told(await http.post("/notifications/mark_read", json=wrong))[0] == 422
    assert await unread(http) == 1


async def test_a_broadcast_is_an_alert_that_is_over(http: Http, parts: Parts) -> None:
    event = {"type": "kw_over", "value": 12.5, "threshold": 11.0, "more": "left out"}
    heard = await http.post(
        "/internal/broadcast",
        json=BROADCAST | {"eventi": [event, "smoke"], "raw": {}, "thresholds": {}},
        headers=KNOWN,
    )
    assert heard.json()["status"] == "ok"
    assert len(heard.json()["alert_ids"]) == 2
    kept = parts.alerting.notifications
    await asyncio.to_thread(until, lambda: len(kept.newest()) == 2)
    rows = (await http.get("/notifications")).json()["notifications"]
    kinds = {row["eventi"][0]["type"]: row for row in rows}
    assert set(kinds) == {"kw_over", "smoke"}
    assert kinds["kw_over"]["raw"]["sensore2_kw"] == 12.5
    assert kinds["kw_over"]["thresholds"] == {"kw_max": 11.0}
    assert kinds["kw_over"]["piano"] == 2
    alerts = parts.alerting.book.find()
    assert {alert.state for alert in alerts} == {State.RESOLVED}


async def test_a_repeat_within_the_window_is_left_out(http: Http, parts: Parts) -> None:
    async def send(**more: Any) -> dict[str, Any]:
        answer = await http.post("/internal/broadcast", json=BROADCAST | more, headers=KNOWN)
        body: dict[str, Any] = answer.json()
        return body

    clock = parts.clock
    assert isinstance(clock, ManualClock)
    assert (await send())["status"] == "ok"
    again = await send(timestamp="2025-09-06T12:00:07Z")
    assert again == {"status": "suppressed", "alert_ids": [], "suppressed": ["kw_over"]}
    assert (await send(piano=3))["status"] == "ok"
    both = await send(eventi=["kw_over", "amp_over", "amp_over"])
    assert (both["suppressed"], len(both["alert_ids"])) == (["kw_over"], 1)
    clock.sleep(29.9)
    assert (await send())["status"] == "suppressed"
    clock.sleep(0.2)
    assert (await send(timestamp="2025-09-06T12:00:30Z"))["status"] == "ok"


async def test_another_process_leaves_out_the_same(http: Http, parts: Parts) -> None:
    await http.post("/internal/broadcast", json=BROADCAST, headers=KNOWN)
    await asyncio.to_thread(until, lambda: parts.alerting.notifications.newest())
    (found,) = parts.alerting.notifications.newest()
    clock = ManualClock(found.at_ms + 5_000)
    later = Alerting(parts.log, parts.alerting.settings, clock)
    later.start()
    try:
        async with client(parts, guarded(parts, later)) as again:
            heard = await again.post("/internal/broadcast", json=BROADCAST, headers=KNOWN)
            assert heard.json()["status"] == "suppressed"
    finally:
        later.close()


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Internal-Token": "wrong"}, {"X-Internal-Token": ""}, {"X-Internal-Token": SECRET[:-1]},
        {"Authorization": "Bearer wrong"}, {"X-Internal-Token": "ü"}, {},
    ],
    ids=json.dumps,
)  # fmt: skip
async def test_a_wrong_token_broadcasts_nothing(
    parts: Parts, http: Http, headers: dict[str, str]
) -> None:
    """Also not with the token of a user of the door, and where nobody set one nobody may."""
    sent = {name.encode(): text.encode() for name, text in headers.items()}
    for door in (guarded(parts), guarded(parts, secret="")):
        async with client(parts, door) as some:
            for _ in ("with the token of a user", "without"):
                answer = await some.post("/internal/broadcast", json=BROADCAST, headers=sent)
                assert told(answer) == (403, "forbidden")
                some.headers.pop("Authorization", None)
    assert sum(parts.log.positions("energyguard.alerts", "@latest").values()) == 0


async def test_the_token_may_be_a_bearer(http: Http) -> None:
    headers = {"Authorization": f"Bearer {SECRET}"}
    heard = await http.post("/internal/broadcast", json=BROADCAST, headers=headers)
    assert heard.status_code == 200
    for path in ("/notifications", "/admin/thresholds"):  # it opens nothing else
        assert (await http.get(path, headers=headers)).status_code == 401


@pytest.mark.parametrize(
    "wrong",
    [
        {"piano": 0}, {"piano": 1000}, {"piano": "2"}, {"eventi": []}, {"eventi": [{}]},
        {"eventi": ["a b"]}, {"eventi": ["x"] * 101}, {"timestamp": "soon"},
        {"eventi": [{"type": "x", "value": "9"}]}, {"eventi": [{"type": "x", "value": 1e30}]},
    ],
    ids=str,
)  # fmt: skip
async def test_a_broadcast_that_makes_no_sense(http: Http, wrong: dict[str, Any]) -> None:
    answer = await http.post("/internal/broadcast", json=BROADCAST | wrong, headers=KNOWN)
    assert told(answer) == (422, "malformed")


async def test_nobody_reads_without_a_token(parts: Parts) -> None:
    async with client(parts, guarded(parts)) as http:
        del http.headers["Authorization"]
        for path in ("/anomalies/stream", "/notifications", "/notifications/unread_count"):
            assert told(await http.get(path)) == (401, "unauthorized")
        assert told(await http.post("/notifications/mark_read")) == (401, "unauthorized")
