"""The measurement store's verbs, as its users call them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from energyguard.compat.measurements.alarms import AlertBody
from energyguard.compat.measurements.door import OPEN, build_measurements
from energyguard.compat.shapes import as_measurements
from energyguard.errors import Unavailable
from energyguard.store import Store
from energyguard.store.admin import ClusterAdmin
from energyguard.store.keys import Key
from energyguard.store.local import LocalStore
from tests.compat.doors import FULL, GONE, NODES, Hanging, Http, Nodes, Parts

SATURDAY = "2025-07-05T18:00:00"


class Told:
    """Who hears of alarms."""

    def __init__(self) -> None:
        self.alarms: list[AlertBody] = []
        self.away = False

    async def __call__(self, alarm: AlertBody) -> None:
        if self.away:
            raise Unavailable("the log is away")
        self.alarms.append(alarm)


@pytest.fixture
def parts(tmp_path: Path) -> Parts:
    return Parts(tmp_path)


@pytest.fixture
def heard() -> Told:
    return Told()


def door(
    parts: Parts,
    store: Store | None = None,
    cluster: ClusterAdmin | None = None,
    heard: Told | None = None,
    **guard: Any,
) -> Http:
    app = build_measurements(
        store or parts.store, cluster, parts.versions, heard or Told(), parts.clock
    )
    return parts.http(app, as_measurements, OPEN, **guard)


@pytest.fixture
async def http(parts: Parts, heard: Told) -> AsyncIterator[Http]:
    async with door(parts, heard=heard) as client:
        yield client


async def ingest(http: Http, sensor: str, time: str, value: Any) -> httpx.Response:
    return await http.post("/ingest", json={"sensor_id": sensor, "timestamp": time, "value": value})


async def value_of(http: Http, key: str) -> Any:
    answer = await http.get(f"/measurement/{key}")
    assert answer.status_code == 200, answer.text
    return answer.json()["value"]


def error(answer: httpx.Response) -> tuple[int, str]:
    """The status and the code of an error, which has system B's shape."""
    body = answer.json()
    assert body.keys() == {"error", "message"}
    assert body["message"]
    return answer.status_code, body["error"]


async def test_a_measurement_is_stored_and_shown_as_it_was_sent(http: Http) -> None:
    stored = (await ingest(http, "H1", SATURDAY, 5)).json()
    assert (stored["status"], stored["key"]) == ("success", f"H1:{SATURDAY}")
    found = (await http.get(f"/measurement/H1:{SATURDAY}")).json()
    assert (found["status"], found["key"], found["value"]) == ("success", f"H1:{SATURDAY}", 5)
    assert found["timestamp"] == SATURDAY
    for text in (f"{SATURDAY}Z", f"{SATURDAY}+00:00", "2025-07-05T20:00:00+02:00"):
        assert await value_of(http, f"H1:{text}") == 5
        assert (await http.get(f"/measurement/H1:{text}")).json()["timestamp"] == SATURDAY
    await ingest(http, "H1", "2025-07-05T20:00:00+02:00", 6)
    assert (await http.get(f"/measurement/H1:{SATURDAY}")).json()["timestamp"].endswith("+02:00")


async def test_the_old_client_sends_numbers_as_text(http: Http) -> None:
    await ingest(http, "H1", SATURDAY, "12.5")
    assert await value_of(http, f"H1:{SATURDAY}") == 12.5


async def test_a_second_ingest_replaces_the_first_which_stays_in_the_history(http: Http) -> None:
    await ingest(http, "H1", SATURDAY, 5)
    await ingest(http, "H1", SATURDAY, 4)
    assert await value_of(http, f"H1:{SATURDAY}") == 4
    said = (await http.get("/sensor/H1/history")).json()
    assert said["measurements"] == {f"H1:{SATURDAY}": 4}
    assert said["history"] == [
        {"timestamp": SATURDAY, "value": 5, "current": False},
        {"timestamp": SATURDAY, "value": 4, "current": True},
    ]


async def test_what_is_deleted_is_gone_and_stays_in_the_history(http: Http) -> None:
    await ingest(http, "H1", SATURDAY, 5)
    deleted = await http.delete(f"/delete/H1:{SATURDAY}")
    assert (deleted.status_code, deleted.json()["status"]) == (200, "success")
    assert deleted.json()["message"] == f"Measurement H1:{SATURDAY} deleted successfully"
    assert error(await http.get(f"/measurement/H1:{SATURDAY}")) == (404, "Measurement not found")
    assert error(await http.delete(f"/delete/H1:{SATURDAY}")) == (404, "Measurement not found")
    said = (await http.get("/sensor/H1/history")).json()
    assert said["measurements"] == {}
    assert [(one["value"], one["current"]) for one in said["history"]] == [(5, False), (None, True)]
    assert (await http.get("/measurements")).json()["measurements"] == {}
    await ingest(http, "H1", SATURDAY, 6)
    assert await value_of(http, f"H1:{SATURDAY}") == 6


@pytest.mark.parametrize("sensor", ["a/b", "history", "a/history", "датчик ü", "x:y", "a b?&#%"])
async def test_any_sensor_id_will_do(http: Http, sensor: str) -> None:
    path = quote(sensor)
    assert (await ingest(http, sensor, SATURDAY, 5)).status_code == 200
    await http.post("/set_threshold", json={"sensor_id": sensor, "threshold": 1})
    assert (await ingest(http, sensor, SATURDAY, 6)).json()["alert"]["sensor_id"] == sensor
    assert await value_of(http, f"{path}:{SATURDAY}") == 6
    assert (await http.get(f"/sensor/{path}/statistics")).json()["n"] == 1
    assert (await http.get(f"/sensor/{path}/history")).json()["sensor_id"] == sensor
    assert len((await http.get("/alerts")).json()["alerts"]) == 1
    assert (await http.delete(f"/delete/{path}:{SATURDAY}")).status_code == 200


GOOD = {"sensor_id": "H1", "timestamp": SATURDAY, "value": 5}


@pytest.mark.parametrize(
    "body",
    [
        *({k: v for k, v in GOOD.items() if k != name} for name in GOOD),
        {},
        [],
        GOOD | {"sensor_id": ""},
        GOOD | {"sensor_id": "x" * 10_000},
        GOOD | {"sensor_id": "ü" * 500},
        GOOD | {"sensor_id": "energyguard:x"},
        GOOD | {"sensor_id": "\ud800"},
        GOOD | {"sensor_id": 5},
        GOOD | {"timestamp": "yesterday"},
        GOOD | {"timestamp": "x:2025-07-05T18:00:00"},
        GOOD | {"timestamp": "2025-13-05T18:00:00"},
        GOOD | {"timestamp": "1969-07-05T18:00:00"},
        GOOD | {"value": None},
        GOOD | {"value": True},
        GOOD | {"value": "much"},
        GOOD | {"value": float("nan")},
        GOOD | {"value": float("inf")},
        GOOD | {"value": 10**400},
        GOOD | {"value": {}},
    ],
    ids=lambda body: json.dumps(body)[:60],
)
async def test_what_cannot_be_taken_is_400(http: Http, body: Any) -> None:
    answer = await http.post(
        "/ingest", content=json.dumps(body), headers={"Content-Type": "application/json"}
    )
    assert error(answer) == (400, "malformed" if "1969" not in str(body) else "out-of-range")
    assert (await http.get("/measurements")).json()["measurements"] == {}


async def test_broken_json_is_400(http: Http) -> None:
    headers = {"Content-Type": "application/json"}
    for content in (b'{"sensor_id":', b"\xff", b"[" * 100_000, b""):
        assert error(await http.post("/ingest", content=content, headers=headers))[0] == 400


async def test_unknown_keys_are_404_those_without_a_time_too(http: Http) -> None:
    nobody = await http.get(f"/measurement/nobody:{SATURDAY}")
    assert nobody.status_code == 404
    assert nobody.json() == {
        "error": "Measurement not found",
        "message": "Measurement not found or all nodes are down",
    }
    gone = await http.delete(f"/delete/nobody:{SATURDAY}")
    assert gone.json() == {
        "error": "Measurement not found",
        "message": "Measurement does not exist",
    }
    assert error(await http.get("/sensor/nobody/history")) == (404, "not-found")
    assert error(await http.get("/sensor/nobody/statistics")) == (404, "not-found")
    for key in ("no-time", "x" * 10_000, "H1:2025-13-45T00:00:00", ""):
        for answer in (await http.get(f"/measurement/{key}"), await http.delete(f"/delete/{key}")):
            assert error(answer) == (404, "Measurement not found")
    assert error(await http.get("/nowhere")) == (404, "not-found")
    assert error(await http.get("/ingest")) == (405, "method-not-allowed")


async def test_above_its_threshold_a_sensor_raises_an_alert(http: Http, heard: Told) -> None:
    said = await http.post("/set_threshold", json={"sensor_id": "H1", "threshold": 5})
    assert said.json()["status"] == "success"
    assert (await ingest(http, "H1", SATURDAY, 5)).json()["alert"] is None
    assert (await ingest(http, "H2", SATURDAY, 99)).json()["alert"] is None
    stored = (await ingest(http, "H1", "2025-07-05T18:01:00", 5.5)).json()
    wanted = {
        "sensor_id": "H1",
        "value": 5.5,
        "threshold": 5.0,
        "timestamp": "2025-07-05T18:01:00",
        "message": "Anomaly detected: value exceeds threshold",
    }
    (alert,) = (await http.get("/alerts")).json()["alerts"]
    assert alert == stored["alert"]
    assert {name: alert[name] for name in wanted} == wanted
    assert [one.id for one in heard.alarms] == [alert["id"]]


async def test_the_same_measurement_is_the_same_alert(http: Http, heard: Told) -> None:
    await http.post("/set_threshold", json={"sensor_id": "H1", "threshold": 5})
    await ingest(http, "H1", SATURDAY, 6)
    await ingest(http, "H1", f"{SATURDAY}Z", 7)
    (alert,) = (await http.get("/alerts")).json()["alerts"]
    assert alert["value"] == 7
    assert {one.id for one in heard.alarms} == {alert["id"]}


async def test_thresholds_and_alerts_survive_a_restart(http: Http, parts: Parts) -> None:
    await http.post("/set_threshold", json={"sensor_id": "H1", "threshold": 5})
    await ingest(http, "H1", SATURDAY, 6)
    await parts.store.close()
    async with door(parts, LocalStore(parts.folder / "store.db", parts.clock)) as again:
        assert len((await again.get("/alerts")).json()["alerts"]) == 1
        assert (await ingest(again, "H1", "2025-07-05T19:00:00", 6)).json()["alert"]


async def test_the_most_particular_threshold_holds(http: Http) -> None:
    async def over(time: str, value: float) -> bool:
        return (await ingest(http, "H1", time, value)).json()["alert"] is not None

    async def limit(threshold: float | None, **scope: Any) -> None:
        body = {"sensor_id": "H1", "threshold": threshold, **scope}
        assert (await http.post("/set_threshold", json=body)).status_code == 200

    await limit(10, weekday="Saturday", hour=18)
    await limit(8, hour=18)
    await limit(6, weekday=5)
    await limit(4)
    assert [await over("2025-07-05T18:30:00", value) for value in (9, 11)] == [False, True]
    assert [await over("2025-07-06T18:30:00", value) for value in (7, 9)] == [False, True]
    assert [await over("2025-07-05T19:30:00", value) for value in (5, 7)] == [False, True]
    assert [await over("2025-07-06T19:30:00", value) for value in (4, 5)] == [False, True]
    assert await over("2025-07-05T20:30:00+02:00", 9) is False  # Saturday, 18 h UTC
    await limit(None, weekday="saturday", hour=18)
    assert await over("2025-07-05T18:30:00", 9) is True


@pytest.mark.parametrize(
    "wrong",
    [
        {"threshold": "high"},
        {"threshold": True},
        {"weekday": 7},
        {"weekday": "someday"},
        {"weekday": True},
        {"hour": 24},
        {"hour": -1},
        {"hour": "noon"},
        {"sensor_id": ""},
        {"sensor_id": "ü" * 500},
    ],
    ids=json.dumps,
)
async def test_a_wrong_threshold_is_400(http: Http, wrong: dict[str, Any]) -> None:
    body = {"sensor_id": "H1", "threshold": 5} | wrong
    assert error(await http.post("/set_threshold", json=body)) == (400, "malformed")


async def test_a_threshold_says_when_it_holds(http: Http) -> None:
    async def told(**scope: Any) -> str:
        body = {"sensor_id": "H1", "threshold": 5, **scope}
        return str((await http.post("/set_threshold", json=body)).json()["message"])

    assert await told() == "Threshold for sensor H1 set to 5.0"
    assert await told(weekday="monday") == "Threshold for sensor H1 set to 5.0 on monday UTC"
    assert await told(hour=23) == "Threshold for sensor H1 set to 5.0 from 23:00 to 24:00 UTC"
    both = "Threshold for sensor H1 set to 5.0 on sunday from 07:00 to 08:00 UTC"
    assert await told(weekday=6, hour=7) == both
    assert await told(threshold=None) == "Threshold for sensor H1 removed"


async def test_nodes_are_numbered_by_port_not_by_letter(parts: Parts) -> None:
    nodes = [f"http://127.0.0.1:{port}" for port in (9_999, 10_000, 10_001)]
    async with door(parts, cluster=Nodes(*nodes)) as http:
        found = (await http.get("/nodes_status")).json()["nodes"]
        by_number = {one["node_id"]: one["port"] for one in found}
        assert by_number == {0: 9_999, 1: 10_000, 2: 10_001}
        assert (await http.post("/fail_node/0")).status_code == 200
        found = (await http.get("/nodes_status")).json()["nodes"]
        assert [one["port"] for one in found if one["status"] == "dead"] == [9_999]


async def test_a_threshold_needs_both_fields(http: Http) -> None:
    for body in ({"sensor_id": "H1"}, {"threshold": 5}, {}):
        assert error(await http.post("/set_threshold", json=body)) == (400, "malformed")


async def test_many_measurements_at_once(http: Http, heard: Told) -> None:
    await http.post("/set_threshold", json={"sensor_id": "H1", "threshold": 5})
    given = [
        {"sensor_id": "H1", "timestamp": SATURDAY, "value": 4},
        {"sensor_id": "H1", "timestamp": SATURDAY},
        {"sensor_id": "H1", "timestamp": SATURDAY, "value": 6},
        {"sensor_id": "H2", "timestamp": "never", "value": 6},
        {"sensor_id": "H2", "timestamp": SATURDAY, "value": 6},
        7,
    ]
    answer = await http.post("/ingest/bulk", json={"measurements": given})
    body = answer.json()
    assert (answer.status_code, body["status"], body["stored"], body["alerts"]) == (
        200, "partial", 3, 1,
    )  # fmt: skip
    assert [one["place"] for one in body["errors"]] == [1, 3, 5]
    assert "value" in body["errors"][0]["reason"]
    assert await value_of(http, f"H1:{SATURDAY}") == 6
    assert await value_of(http, f"H2:{SATURDAY}") == 6
    assert [one.value for one in heard.alarms] == [6]
    assert len((await http.get("/alerts")).json()["alerts"]) == 1
    good = await http.post("/ingest/bulk", json={"measurements": given[:1]})
    assert good.json()["status"] == "success"


async def test_a_bulk_of_which_nothing_is_good_is_400(http: Http) -> None:
    given: list[Any]
    for given in ([], [7, {}], [GOOD] * 1_001):
        answer = await http.post("/ingest/bulk", json={"measurements": given})
        assert error(answer)[0] == 400
    assert (await http.get("/measurements")).json()["measurements"] == {}


async def test_a_bulk_is_above_what_came_before_it(http: Http) -> None:
    """The clock stands still: versions alone decide."""
    for sensor in "abcdefgh":
        for value in (5, 4):
            await ingest(http, sensor, SATURDAY, value)
        given = [{"sensor_id": sensor, "timestamp": SATURDAY, "value": n} for n in (3, 2)]
        await http.post("/ingest/bulk", json={"measurements": given})
        assert await value_of(http, f"{sensor}:{SATURDAY}") == 2
        await ingest(http, sensor, SATURDAY, 1)
        assert await value_of(http, f"{sensor}:{SATURDAY}") == 1


async def test_all_measurements_page_by_page(http: Http, parts: Parts) -> None:
    await parts.store.change(Key("own"), b"{}")
    await http.post("/set_threshold", json={"sensor_id": "H2", "threshold": 0})
    for sensor in ("H1", "H2", "H3"):
        for minute in range(3):
            await ingest(http, sensor, f"2025-07-05T18:0{minute}:00", minute)
    whole = (await http.get("/measurements")).json()
    assert whole["next"] is None
    assert whole["measurements"]["H3:2025-07-05T18:02:00"] == 2
    assert len(whole["measurements"]) == 9
    assert len((await http.get("/alerts")).json()["alerts"]) == 2
    for limit in (1, 4, 9):
        found: dict[str, float] = {}
        after: dict[str, Any] = {}
        while True:
            page = (await http.get("/measurements", params={"limit": limit, **after})).json()
            assert len(page["measurements"]) <= limit
            found |= page["measurements"]
            if page["next"] is None:
                break
            after = {"after": page["next"]}
        assert list(found.items()) == list(whole["measurements"].items())


async def test_history_and_alerts_page_by_page(http: Http) -> None:
    await http.post("/set_threshold", json={"sensor_id": "H1", "threshold": -1})
    await http.post("/set_threshold", json={"sensor_id": "H2", "threshold": -1})
    for minute in range(5):
        await ingest(http, "H1", f"2025-07-05T18:0{minute}:00", minute)
    await ingest(http, "H2", SATURDAY, 9)
    first = (await http.get("/sensor/H1/history?limit=3")).json()
    rest = (await http.get(f"/sensor/H1/history?after={first['next']}")).json()
    assert [one["value"] for one in first["history"] + rest["history"]] == [0, 1, 2, 3, 4]
    assert (len(first["measurements"]), rest["next"]) == (3, None)
    begin = (await http.get("/alerts?limit=4")).json()
    end = (await http.get(f"/alerts?after={begin['next']}")).json()
    assert [one["value"] for one in begin["alerts"] + end["alerts"]] == [0, 1, 2, 3, 4, 9]
    for path in ("/measurements", "/alerts", "/sensor/H1/history"):
        assert error(await http.get(f"{path}?limit=0")) == (400, "malformed")
        assert error(await http.get(f"{path}?after=nothing")) == (400, "malformed")


async def test_mean_and_deviation(http: Http) -> None:
    for minute, value in enumerate((2, 4, 4, 4, 5, 5, 7, 9, 1_000)):
        await ingest(http, "H1", f"2025-07-05T18:0{minute}:00", value)
    await ingest(http, "H1", SATURDAY, 2)
    await http.delete("/delete/H1:2025-07-05T18:08:00")
    said = (await http.get("/sensor/H1/statistics")).json()
    assert (said["n"], said["mean"]) == (8, 5.0)
    assert said["std"] == pytest.approx(2.138089935)
    await ingest(http, "H2", SATURDAY, 3)
    one = (await http.get("/sensor/H2/statistics")).json()
    assert (one["n"], one["mean"], one["std"]) == (1, 3.0, None)


async def test_what_others_wrote_is_shown_whole(http: Http, parts: Parts) -> None:
    await parts.store.change(Key.parse(f"energy:p1:{SATURDAY}"), b'{"piano":1,"sensore2_kw":5.5}')
    assert await value_of(http, f"energy:p1:{SATURDAY}") == {"piano": 1, "sensore2_kw": 5.5}
    assert error(await http.get("/sensor/energy:p1/statistics")) == (404, "not-found")


async def test_a_success_is_never_told_of_what_was_not_stored(parts: Parts, heard: Told) -> None:
    for store, code in ((GONE, (503, "unavailable")), (FULL, (507, "disk-full"))):
        async with door(parts, store, Nodes(*NODES)) as http:
            assert error(await ingest(http, "H1", SATURDAY, 5)) == code
            bulk = await http.post("/ingest/bulk", json={"measurements": [GOOD]})
            assert error(bulk) == code
            threshold = {"sensor_id": "H1", "threshold": 5}
            assert error(await http.post("/set_threshold", json=threshold)) == code
            for path in (
                "/measurements",
                "/alerts",
                "/sensor/H1/history",
                f"/measurement/H1:{SATURDAY}",
            ):
                assert error(await http.get(path)) == code
            assert error(await http.delete(f"/delete/H1:{SATURDAY}")) == code
    heard.away = True
    async with door(parts, heard=heard) as http:
        await http.post("/set_threshold", json={"sensor_id": "H1", "threshold": 1})
        assert error(await ingest(http, "H1", SATURDAY, 5)) == (503, "unavailable")
        assert (await ingest(http, "H1", "2025-07-05T19:00:00", 1)).status_code == 200
        heard.away = False
        assert (await ingest(http, "H1", SATURDAY, 5)).json()["alert"]["id"] == heard.alarms[0].id
    async with door(parts, Hanging(), deadline_s=0.05) as http:
        assert error(await ingest(http, "H1", SATURDAY, 5)) == (504, "too-slow")


async def test_nobody_gets_in_without_a_token(parts: Parts) -> None:
    async with door(parts, body_limit=1_000) as http:
        assert error(await ingest(http, "x" * 1_000, SATURDAY, 5)) == (413, "too-large")
        del http.headers["Authorization"]
        assert (await http.get("/")).json() == {"status": "EnergyGuard API running"}
        for headers in ({}, {"Authorization": "Bearer eg_no"}, {"Authorization": parts.token}):
            for path in ("/measurements", "/alerts", "/nodes_status", "/openapi.json"):
                assert error(await http.get(path, headers=headers)) == (403, "Unauthorized")
            answer = await http.post("/ingest", json=GOOD, headers=headers)
            assert error(answer) == (403, "Unauthorized")


async def test_nodes_fail_and_recover(parts: Parts) -> None:
    cluster = Nodes(*NODES)
    async with door(parts, cluster=cluster) as http:
        before = (await http.get("/nodes_status")).json()
        assert [
            (one["node_id"], one["node"], one["port"], one["status"]) for one in before["nodes"]
        ] == [
            (0, NODES[0], 8101, "alive"),
            (1, NODES[1], 8102, "alive"),
            (2, NODES[2], 8103, "alive"),
        ]
        assert (before["strategy"], before["replication_factor"]) == ("consistent", 2)
        failed = (await http.post("/fail_node/1")).json()
        assert failed == {"status": "success", "message": "Node 1 marked as failed"}
        assert (await http.post(f"/fail_node/{NODES[2]}")).status_code == 200
        after = (await http.get("/nodes_status")).json()["nodes"]
        assert [one["status"] for one in after] == ["alive", "dead", "dead"]
        recovered = (await http.post("/recover_node/2")).json()
        assert recovered == {"status": "success", "message": "Node 2 recovered"}
        assert cluster.paused == {NODES[1]}
        for node in ("3", "4", "http://127.0.0.1:9", "-1", "two", "99999999999"):
            assert error(await http.post(f"/fail_node/{node}")) == (404, "not-found")
            assert error(await http.post(f"/recover_node/{node}")) == (404, "not-found")
    async with door(parts, cluster=Nodes(*NODES, faults=False)) as http:
        assert error(await http.post("/fail_node/1")) == (409, "conflict")


async def test_replication_is_configured_within_reason(parts: Parts) -> None:
    async with door(parts, cluster=Nodes(*NODES)) as http:
        path = "/configure_replication"
        answer = await http.post(path, json={"strategy": "full"})
        assert (answer.status_code, answer.json()["status"]) == (200, "success")
        said = (await http.get("/nodes_status")).json()
        assert (said["strategy"], said["replication_factor"]) == ("full", 3)
        await http.post(path, json={"strategy": "consistent", "replication_factor": 1})
        said = (await http.get("/nodes_status")).json()
        assert (said["strategy"], said["replication_factor"]) == ("consistent", 1)
        for body in (
            {"strategy": "sideways"},
            {"strategy": "consistent", "replication_factor": 0},
            {"strategy": "consistent", "replication_factor": 4},
            {"strategy": "full", "replication_factor": 4},
            {"strategy": "consistent", "replication_factor": "2"},
            {"replication_factor": 2},
            {},
        ):
            assert error(await http.post(path, json=body))[0] == 400
        assert (await http.get("/nodes_status")).json()["replication_factor"] == 1


async def test_whoever_keeps_a_key_can_be_asked_for(parts: Parts) -> None:
    cluster = Nodes(*NODES)
    async with door(parts, cluster=cluster) as http:
        kept = cluster.membership.owners_of("H1")
        cluster.paused.add(kept[0])
        nodes = (await http.get(f"/replica_nodes/H1:{SATURDAY}")).json()["nodes"]
        assert [(one["node"], one["status"]) for one in nodes] == [
            (kept[0], "dead"),
            (kept[1], "alive"),
        ]
        assert [NODES[one["node_id"]] for one in nodes] == list(kept)
        assert error(await http.get(f"/replica_nodes/{'x' * 10_000}")) == (400, "malformed")


async def test_without_a_cluster_its_verbs_say_so(http: Http) -> None:
    for answer in (
        await http.get("/nodes_status"),
        await http.get("/replica_nodes/x"),
        await http.post("/fail_node/1"),
        await http.post("/recover_node/1"),
        await http.post("/configure_replication", json={"strategy": "full"}),
    ):
        assert error(answer) == (503, "unavailable")
