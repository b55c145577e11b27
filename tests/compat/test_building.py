"""The building monitor's verbs, as its users call them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from energyguard.compat.building.coordinator import OPEN, build_building
from energyguard.compat.shapes import as_building
from energyguard.errors import ConfigError
from energyguard.store import Store
from energyguard.store.admin import ClusterAdmin
from tests.compat.doors import FULL, GONE, NODES, Broken, Hanging, Http, Nodes, Parts

READING = {
    "piano": 1,
    "sensore1_kwh": 1000.05,
    "sensore2_kw": 6.1,
    "sensore3_corrente": 16.2,
    "sensore3_tensione": 230.1,
    "timestamp": "2025-09-06T17:54:02+00:00",
}
KEY = "/key/energy:p1:2025-09-06T17:54:02Z"


@pytest.fixture
def parts(tmp_path: Path) -> Parts:
    return Parts(tmp_path)


def door(
    parts: Parts, store: Store | None = None, cluster: ClusterAdmin | None = None, **guard: Any
) -> Http:
    app = build_building(
        store or parts.store, cluster, parts.versions, parts.clock, alerting=parts.alerting
    )
    return parts.http(app, as_building, OPEN, **guard)


@pytest.fixture
async def http(parts: Parts) -> AsyncIterator[Http]:
    async with door(parts) as client:
        yield client


async def put(http: Http, key: str, value: dict[str, Any], **more: Any) -> httpx.Response:
    return await http.put(f"/key/{key}", json={"value": value, **more})


async def value_of(http: Http, key: str) -> Any:
    answer = await http.get(f"/key/{key}")
    assert answer.status_code == 200, answer.text
    return answer.json()["value"]


def told(answer: httpx.Response) -> tuple[int, str]:
    """The status and the code of an error, which has both shapes."""
    body = answer.json()
    assert body["detail"] == body["error"]["message"]
    return answer.status_code, body["error"]["code"]


async def test_it_is_well(http: Http) -> None:
    assert (await http.get("/health")).json() == {"status": "ok"}


async def test_z_and_an_offset_reach_the_same_reading(http: Http) -> None:
    answer = await put(http, "energy:p1:2025-09-06T17:54:02Z", READING)
    assert answer.status_code == 200
    assert answer.json() == {"status": "ok", "replicas_ok": 1, "targets": ["local"]}
    for text in ("17:54:02Z", "17:54:02+00:00", "19:54:02+02:00", "17:54:02.000Z", "17:54:02"):
        assert await value_of(http, f"energy:p1:2025-09-06T{text}") == READING
    assert (await http.get("/key/energy:p2:2025-09-06T17:54:02Z")).status_code == 404


async def test_a_value_comes_back_digit_by_digit(http: Http) -> None:
    text = '{"value": {"b": 0.10, "a": 1E2, "s": "\\u00e9", "n": 12345678901234567}}'
    assert (await http.put("/key/x", content=text.encode())).status_code == 200
    assert (await http.get("/key/x")).text == text.replace('"value": ', '"value":')


async def test_latest_is_the_newest_whatever_came_last(http: Http) -> None:
    for minute in (1, 3, 2):
        await put(http, f"energy:p1:2025-09-06T17:0{minute}:00Z", {"kw": minute})
    assert await value_of(http, "energy:p1:latest") == {"kw": 3}
    await http.delete("/key/energy:p1:2025-09-06T17:03:00Z")
    assert await value_of(http, "energy:p1:latest") == {"kw": 2}
    assert told(await http.get("/key/energy:p9:latest")) == (404, "not-found")


async def test_the_old_ingestor_s_three_puts_keep_one_reading(http: Http) -> None:
    stamp = READING["timestamp"]
    assert (await put(http, f"energy:p1:{stamp}", READING)).status_code == 200
    assert (await put(http, "energy:p1:latest", READING)).status_code == 200
    index = (await put(http, "energy:p1:index", {"timestamps": ["never"]})).json()
    assert index == {"status": "computed", "replicas_ok": 0, "targets": []}
    assert await value_of(http, "energy:p1:latest") == READING
    assert await value_of(http, "energy:p1:index") == {"timestamps": ["2025-09-06T17:54:02Z"]}


async def test_a_late_reading_put_to_latest_does_not_go_back(http: Http) -> None:
    await put(http, "energy:p1:2025-09-06T18:00:00Z", {"kw": 2})
    await put(http, "energy:p1:latest", READING)
    assert await value_of(http, "energy:p1:latest") == {"kw": 2}
    assert await value_of(http, "energy:p1:2025-09-06T17:54:02Z") == READING
    assert told(await put(http, "energy:p1:latest", {"kw": 1})) == (422, "malformed")


async def test_the_index_is_right_after_10_000_readings_and_deletes(http: Http) -> None:
    times = [f"2025-09-06T{h:02}:{m:02}:{s:02}Z" for h in range(3) for m in range(60)
             for s in range(60)][:10_000]  # fmt: skip
    for begin in range(0, len(times), 1_000):
        items = [{"key": f"energy:p1:{t}", "value": {}} for t in times[begin : begin + 1_000]]
        assert (await http.post("/batch", json={"items": items})).json()["written"] == 1_000
    assert await value_of(http, "energy:p1:index") == {"timestamps": times}
    for text in (*times[:1_500:250], times[-1]):
        assert (await http.delete(f"/key/energy:p1:{text}")).status_code == 200
    left = [t for t in times[:-1] if t not in times[:1_500:250]]
    assert await value_of(http, "energy:p1:index") == {"timestamps": left}


async def test_the_index_goes_on_past_a_page_of_deleted_readings(http: Http) -> None:
    times = [f"2025-09-06T00:{n // 60:02}:{n % 60:02}Z" for n in range(1_001)]
    for some in times[:1_000], times[1_000:]:
        items = [{"key": f"energy:p1:{t}", "value": {}} for t in some]
        await http.post("/batch", json={"items": items})
    for text in times[:1_000]:
        await http.delete(f"/key/energy:p1:{text}")
    assert await value_of(http, "energy:p1:index") == {"timestamps": [times[1_000]]}


async def test_own_keys_come_and_go(http: Http) -> None:
    for key in ("a/b", "ключ ü", "alerts:1:1757181242", "latest", "x%2Fy"):
        assert (await put(http, key.replace("%", "%25"), {"a": key})).status_code == 200
        assert await value_of(http, key.replace("%", "%25")) == {"a": key}
    assert (await http.delete("/key/a/b")).json()["status"] == "ok"
    assert told(await http.get("/key/a/b")) == (404, "not-found")
    gone = await http.delete("/key/a/b")  # system A's word: what is not there is deleted
    assert (gone.status_code, gone.json()["status"]) == (200, "ok")
    assert gone.json().keys() == {"status", "replicas_ok", "targets"}


async def test_a_time_to_live_ends(http: Http, parts: Parts) -> None:
    await put(http, "x", {"a": 1}, ttl=60)
    await put(http, "energy:p1:2025-09-06T17:54:02Z", READING, ttl=60)
    parts.clock.sleep(59)
    assert await value_of(http, "x") == {"a": 1}
    parts.clock.sleep(1)
    for key in ("x", "energy:p1:2025-09-06T17:54:02Z", "energy:p1:latest"):
        assert (await http.get(f"/key/{key}")).status_code == 404
    assert await value_of(http, "energy:p1:index") == {"timestamps": []}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b'{"value":', "malformed"),
        (b'{"value":5}', "malformed"),
        (b'{"value":null}', "malformed"),
        (b"{}", "malformed"),
        (b"[]", "malformed"),
        (b'{"value":{},"ttl":0}', "malformed"),
        (b'{"value":{},"ttl":-5}', "malformed"),
        (b'{"value":{},"ttl":"soon"}', "malformed"),
        (b'{"value":{"a":"\xff"}}', "malformed"),
        (b'{"value":{"a":' + b"[" * 100_000 + b"}}", "malformed"),
        (b'{"value":{"a":"' + b"x" * 10_000_000 + b'"}}', "malformed"),
    ],
    ids=lambda value: value[:20],
)
async def test_a_bad_body_is_422_and_changes_nothing(http: Http, body: bytes, code: str) -> None:
    await put(http, "x", {"a": 1})
    assert told(await http.put("/key/x", content=body)) == (422, code)
    assert await value_of(http, "x") == {"a": 1}


@pytest.mark.parametrize(
    "key", ["", "x" * 10_000, "x:2025-13-45T00:00:00Z", "x:1969-01-01T00:00:00Z"]
)
async def test_what_is_no_key_is_422(http: Http, key: str) -> None:
    for answer in (
        await put(http, key, {}),
        await http.get(f"/key/{key}"),
        await http.delete(f"/key/{key}"),
    ):
        assert told(answer)[0] == 422


async def test_the_product_s_own_keys_are_not_for_users(http: Http) -> None:
    for key in ("energyguard:building:thresholds", "energyguard:x:latest", "energyguard:x:index"):
        assert told(await put(http, key, READING)) == (422, "malformed"), key
    assert told(await http.delete("/key/energyguard:building:thresholds")) == (422, "malformed")
    item = {"key": "energyguard:x", "value": {}}
    assert told(await http.post("/batch", json={"items": [item]}))[0] == 422


async def test_a_batch_takes_what_is_good(http: Http) -> None:
    items: list[Any] = [
        {"key": "energy:p1:2025-09-06T17:54:02Z", "value": READING},
        {"key": "x" * 2_000, "value": {}},
        {"key": "own", "value": {"n": 1}},
        {"value": {}},
        {"key": "own", "value": {"n": 2}, "ttl": 60},
        {"key": "y", "value": {}, "ttl": 0},
        7,
        {"key": "energy:p2:latest", "value": READING},
        {"key": "energy:p2:index", "value": {}},
        {"key": "big", "value": {"a": "x" * 1_000_000}},
    ]
    answer = (await http.post("/batch", json={"items": items})).json()
    assert (answer["status"], answer["written"], answer["replicas_ok"]) == ("partial", 4, 1)
    assert [one["place"] for one in answer["errors"]] == [1, 3, 5, 6, 8, 9]
    assert "1 to 1024 bytes" in answer["errors"][0]["reason"]
    assert await value_of(http, "energy:p1:latest") == READING
    assert await value_of(http, "energy:p2:2025-09-06T17:54:02Z") == READING
    assert await value_of(http, "own") == {"n": 2}
    good = await http.post("/batch", json={"items": items[:1]})
    assert good.json() == {"status": "ok", "written": 1, "replicas_ok": 1, "errors": []}


async def test_a_batch_of_which_nothing_is_good_is_no_success(http: Http) -> None:
    answer = await http.post("/batch", json={"items": [{"key": "", "value": {}}, 7]})
    assert told(answer) == (422, "nothing-taken")
    assert len(answer.json()["error"]["faults"]) == 2
    for items in ([], [{"key": "x", "value": {}}] * 1_001):
        assert told(await http.post("/batch", json={"items": items})) == (422, "malformed")
    assert told(await http.post("/batch", content=b'{"items":')) == (422, "malformed")


async def test_a_batch_is_above_what_was_changed_before_it(http: Http) -> None:
    """The clock stands still: versions alone decide."""
    for floor in range(1, 9):
        key = f"energy:p{floor}:2025-09-06T17:54:02Z"
        await put(http, key, {"n": 1})
        await http.delete(f"/key/{key}")
        items = [{"key": key, "value": {"n": n}} for n in (8, 9, floor)]
        await http.post("/batch", json={"items": items})
        assert await value_of(http, key) == {"n": floor}


async def test_many_keys_are_read_at_once(http: Http) -> None:
    await put(http, "x", {"a": 1})
    await put(http, "energy:p1:2025-09-06T17:54:02Z", READING)
    keys = ["x", "nobody", "energy:p1:latest", "y" * 2_000]
    items = (await http.post("/batch/get", json={"keys": keys})).json()["items"]
    assert [one["key"] for one in items] == keys
    assert [one["value"] for one in items] == [{"a": 1}, None, READING, None]
    assert "1 to 1024 bytes" in items[3]["reason"]
    assert told(await http.post("/batch/get", json={"keys": []}))[0] == 422


async def test_wrong_methods_and_paths(http: Http) -> None:
    wrong = await http.patch("/key/x")
    assert told(wrong) == (405, "method-not-allowed")
    assert wrong.headers["allow"] == "DELETE, GET, HEAD, PUT"
    assert (await http.get("/batch")).headers["allow"] == "POST"
    assert told(await http.get("/nowhere")) == (404, "not-found")


async def test_quorums_of_a_request(parts: Parts) -> None:
    async with door(parts, cluster=Nodes(*NODES, copies=2)) as http:
        answer = (await http.put("/key/x?w=1", json={"value": {}})).json()
        assert (answer["replicas_ok"], len(answer["targets"])) == (1, 2)
        assert (await put(http, "x", {})).json()["replicas_ok"] == 2
        assert (await http.get("/key/x?r=1")).status_code == 200
        for path in ("/key/x?w=3", "/batch?w=3"):
            items = {"items": [{"key": "x", "value": {}}]}
            call = http.put(path, json={"value": {}}) if "key" in path else None
            assert told(await (call or http.post(path, json=items))) == (400, "too-many-copies")
        assert told(await http.get("/key/x?r=3")) == (400, "too-many-copies")
        for said in ("0", "", "two", "-1", "99999"):
            assert told(await http.get(f"/key/x?r={said}")) == (422, "malformed")


async def test_what_was_stored_nowhere_is_no_success(parts: Parts) -> None:
    items = {"items": [{"key": "energy:p1:2025-09-06T17:54:02Z", "value": {}}]}
    async with door(parts, GONE, Nodes(*NODES)) as http:
        assert told(await put(http, "x", {})) == (502, "unconfirmed")
        assert told(await http.post("/batch", json=items)) == (502, "unconfirmed")
        unread = await http.get("/key/x")
        assert told(unread) == (503, "unavailable")
        assert unread.headers["retry-after"] == "1"
        assert told(await http.get("/key/energy:p1:index")) == (503, "unavailable")
    async with door(parts, FULL) as http:
        assert told(await put(http, "x", {})) == (507, "disk-full")
    async with door(parts, cluster=Nodes()) as http:
        for answer in (await put(http, "x", {}), await http.get("/key/x")):
            assert told(answer) == (503, "unavailable")


async def test_a_fault_of_ours_is_told_in_the_same_shape(parts: Parts) -> None:
    async with door(parts, Broken(ZeroDivisionError("oh"))) as http:
        assert told(await http.get("/key/x")) == (500, "internal")


async def test_nothing_hangs(parts: Parts) -> None:
    async with door(parts, Hanging(), deadline_s=0.05) as http:
        assert told(await http.get("/key/x")) == (504, "too-slow")
        assert told(await put(http, "x", {})) == (504, "too-slow")


async def test_bodies_have_a_limit(parts: Parts) -> None:
    async def slices() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b" " * 100

    async with door(parts, body_limit=1_000) as http:
        assert told(await put(http, "x", {"a": "x" * 1_000})) == (413, "too-large")
        assert told(await http.put("/key/x", content=slices())) == (413, "too-large")
        answer = await http.put("/admin/thresholds", content=slices())
        assert told(answer) == (413, "too-large")
        assert (await put(http, "x", {"a": 1})).status_code == 200


async def test_nobody_gets_in_without_a_token(parts: Parts) -> None:
    async with door(parts) as http:
        del http.headers["Authorization"]
        assert (await http.get("/health")).status_code == 200
        for path in ("/key/x", "/sharding/info", "/admin/thresholds", "/openapi.json", "/nowhere"):
            for headers in ({}, {"Authorization": "Bearer eg_wrong"}):
                answer = await http.get(path, headers=headers)
                assert told(answer) == (401, "unauthorized")
                assert answer.headers["www-authenticate"] == "Bearer"


async def test_no_auth_is_for_this_machine(parts: Parts) -> None:
    async with door(parts, auth=False) as http:
        del http.headers["Authorization"]
        assert (await put(http, "x", {})).status_code == 200
        for headers in ({"Host": "evil.example"}, {"Origin": "https://evil.example"}):
            answer = await http.put("/key/x", json={"value": {}}, headers=headers)
            assert told(answer) == (403, "forbidden")
    with pytest.raises(ConfigError, match="loopback"):
        door(parts, auth=False, host="0.0.0.0")


async def test_nodes_come_and_go(parts: Parts) -> None:
    async with door(parts, cluster=Nodes(*NODES)) as http:
        info = (await http.get("/sharding/info")).json()
        assert info == {
            "total_nodes": 3,
            "replication_factor": 2,
            "virtual_nodes_per_node": 150,
            "total_virtual_nodes": 450,
            "nodes": list(NODES),
            "strategy": "consistent",
            "epoch": 1,
            "moving": False,
        }
        fourth = {"node": "http://127.0.0.1:8104"}
        added = (await http.post("/sharding/add-node", json=fourth)).json()
        assert (added["status"], added["nodes"]) == ("success", [*NODES, fourth["node"]])
        assert (await http.post("/sharding/add-node", json=fourth)).json()["status"] == "warning"
        gone = (await http.post("/sharding/remove-node", json=fourth)).json()
        assert (gone["status"], gone["nodes"]) == ("success", list(NODES))
        again = await http.post("/sharding/remove-node", json=fourth)
        assert (again.status_code, again.json()["status"]) == (200, "warning")
        assert again.json()["nodes"] == list(NODES)
        away = {"node": "http://127.0.0.1:9999"}
        assert told(await http.post("/sharding/add-node", json=away)) == (503, "unavailable")
        for body in ({}, {"node": ""}, {"node": 7}):
            assert told(await http.post("/sharding/add-node", json=body)) == (422, "malformed")


async def test_removing_a_node_that_is_needed_is_refused(parts: Parts) -> None:
    async with door(parts, cluster=Nodes(*NODES, copies=3)) as http:
        answer = await http.post("/sharding/remove-node", json={"node": NODES[0]})
        assert told(answer) == (409, "conflict")


async def test_the_replication_factor_is_changed_within_reason(parts: Parts) -> None:
    async with door(parts, cluster=Nodes(*NODES)) as http:
        path = "/sharding/reconfigure"
        answer = await http.post(path, json={"replication_factor": 3})
        assert answer.json() == {"status": "ok", "replication_factor": 3}
        assert (await http.get("/sharding/info")).json()["replication_factor"] == 3
        for factor in (4, 10**30):
            answer = await http.post(path, json={"replication_factor": factor})
            assert told(answer) == (400, "too-many-copies")
        for given in (0, -1, "3", True, None):
            answer = await http.post(path, json={"replication_factor": given})
            assert told(answer) == (422, "malformed")
        assert told(await http.post(path, json={})) == (422, "malformed")
        assert (await http.get("/sharding/info")).json()["replication_factor"] == 3


async def test_whoever_keeps_a_key_can_be_asked_for(parts: Parts) -> None:
    cluster = Nodes(*NODES)
    async with door(parts, cluster=cluster) as http:
        wanted = list(cluster.membership.owners_of("energy:p1"))
        for key in ("energy:p1:2025-09-06T17:54:02Z", "energy:p1:latest", "energy:p1:index"):
            answer = (await http.get(f"/replica_nodes/{key}")).json()
            assert answer == {"key": key, "nodes": wanted}
        assert (await put(http, "energy:p1:2025-09-06T17:54:02Z", {})).json()["targets"] == wanted
        assert told(await http.get(f"/replica_nodes/{'x' * 10_000}"))[0] == 422


async def test_without_a_cluster_its_verbs_say_so(http: Http) -> None:
    node = {"node": NODES[0]}
    for answer in (
        await http.get("/sharding/info"),
        await http.get("/replica_nodes/x"),
        await http.post("/sharding/add-node", json=node),
        await http.post("/sharding/remove-node", json=node),
        await http.post("/sharding/reconfigure", json={"replication_factor": 1}),
    ):
        assert told(answer) == (503, "unavailable")
        assert "one local file" in answer.json()["detail"]
