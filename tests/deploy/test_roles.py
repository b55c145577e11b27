"""The services of ours and the broker for real, each a process of its own with its own folder."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence

import httpx
import pytest

pytest.importorskip("confluent_kafka", reason="the extra `kafka` is not installed")

from deploy.jars import Missing, fetched, program
from deploy.kafka.brokers import free_ports
from tests.deploy.conftest import COMPOSE, Composed
from tests.deploy.stack import Stack
from tests.store.shards import free_nodes
from tests.waiting import until

CLIENT = httpx.Client(timeout=60)  # s: ten services and a broker share the machine
SHARDS = ("shard-1", "shard-2", "shard-3")
STARTED = ("worker", "history", "serve", "simulate")
BESIDE = ("detector", *SHARDS, "coordinator", "ingestor")


@pytest.fixture(scope="module")
def stack(composed: Composed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Broker, worker, history, page and simulator, all healthy by their own checks."""
    try:
        program("java", "default-jre-headless")
        fetched("kafka")
    except Missing as missing:
        pytest.skip(f"no Kafka: {missing}")
    page, keys, *ports = free_ports(60)  # more than there are services
    services = composed(
        PAGE_PORT=str(page),
        STORE_PORT=str(keys),
        KAFKA_PORT=str(ports[2]),
        RULES="household-demo,household-prod",
    )["services"]
    nodes = [int(node.rpartition(":")[2]) for node in free_nodes(len(SHARDS))]
    shards = dict(zip(SHARDS, nodes, strict=True))
    made = Stack(services, tmp_path_factory.mktemp("stack"), ports, shards)
    try:
        made.start_broker()
        start(made, STARTED)
        yield made
    finally:
        endings = made.stop()
    assert set(endings.values()) == {0}


@pytest.fixture(scope="module")
def whole(stack: Stack) -> Stack:
    """The detector, the store's nodes and what stands before them beside the others."""
    start(stack, BESIDE)
    return stack


def start(stack: Stack, services: Sequence[str]) -> None:
    """Start services, and wait until all are healthy."""
    for service in services:
        stack.start(service)
    for service in services:
        until(lambda service=service: healthy(stack, service), service)  # type: ignore[misc]


def healthy(stack: Stack, service: str) -> bool:
    """Whether the health check of the image passes."""
    stack.check()
    return stack.run(service, "python", str(COMPOSE / "healthy.py")).returncode == 0


@pytest.fixture(scope="module")
def token(stack: Stack) -> str:
    """What Prometheus would read: the task of the compose file made it."""
    (script,) = stack.words("scrape-token")
    for _ in range(2):  # the second time it finds what the first has made
        done = stack.run("scrape-token", "sh", "-euc", script)
        assert done.returncode == 0, done.stderr
    return stack.token.read_text().strip()


def ask(url: str, token: str, **parameters: str) -> httpx.Response:
    answer = CLIENT.get(url, params=parameters, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200, answer.text
    return answer


def test_the_broker_tells_the_machine_its_published_address(stack: Stack) -> None:
    assert stack.answers_the_host()


def test_a_health_check_fails_where_nothing_answers(stack: Stack) -> None:
    assert not healthy(stack, "spark-plan")


def test_the_link_of_the_guide_lets_a_person_in_once(stack: Stack) -> None:
    made = stack.run("serve", "energyguard", "token", "link")
    assert made.returncode == 0, made.stderr
    link = made.stdout.strip()
    assert link.startswith(stack.page)
    with httpx.Client(timeout=60) as browser:
        assert browser.get(stack.page).status_code == 303
        assert browser.get(link).status_code == 303
        assert browser.get(stack.page).status_code == 200
    assert CLIENT.get(link).status_code == 401  # used up


def test_readings_of_one_process_are_in_the_history_of_another(stack: Stack, token: str) -> None:
    def inserted() -> object:
        return ask(f"{stack.page}api/v1/readings", token, device="H001").json()

    until(inserted, "readings in the history")


def test_each_process_tells_its_own_figures(stack: Stack, token: str) -> None:
    wanted = {
        "worker": 'energyguard_commits_total{outcome="done"}',
        "history": 'energyguard_history_rows_total{table="readings"}',
        "simulate": 'energyguard_log_appends_total{topic="energy_readings"}',
    }
    for service, sample in wanted.items():
        url = stack.figures(service)
        until(lambda url=url, sample=sample: sample in CLIENT.get(url).text, sample)  # type: ignore[misc]


def test_the_page_tells_of_alerts_and_of_requests(stack: Stack, token: str) -> None:
    def told() -> str:
        return ask(f"{stack.page}metrics", token).text

    until(
        lambda: 'energyguard_alerts_total{rule="household-demo",state="firing"}' in told(), "alert"
    )
    ask(f"{stack.page}api/v1/devices/H001", token)
    route = "/api/v1/devices/{device}"
    counted = f'energyguard_http_requests_total{{route="{route}",status="200"}} 1.0'
    until(lambda: counted in told(), "the request")  # an answer of figures holds for a second
    assert 'energyguard_http_requests_total{route="other",status="303"}' in told()


def test_worker_and_simulator_keep_nothing(stack: Stack) -> None:
    kept = [path for path in stack.folder.glob("*-data/*") if path.name != "run"]
    assert kept == []


@pytest.mark.slow  # six more processes; `tests/store` has them, `test_compose.py` their words
def test_the_lag_of_each_group_is_told(whole: Stack, token: str) -> None:
    def told() -> set[str]:
        text = ask(f"{whole.page}metrics", token).text
        return {
            *re.findall(r'^energyguard_log_lag\{group="(\w+)",topic="energy_readings"', text, re.M)
        }

    until(lambda: told() == {"worker", "detector", "history", "ingestor"}, "the lag of all groups")
    said = whole.run("serve", "energyguard", "log", "lag", "--all", "--json")
    assert said.returncode == 0, said.stderr
    rows = [json.loads(line) for line in said.stdout.splitlines()]
    groups = {row["group"] for row in rows if row["topic"] == "energy_readings"}
    assert groups == {"worker", "detector", "history", "ingestor"}


@pytest.mark.slow  # six more processes; `tests/store` has them, `test_compose.py` their words
def test_the_coordinator_serves_keys_to_whoever_has_a_token(whole: Stack) -> None:
    made = whole.run("coordinator", "energyguard", "token", "create", "laptop")
    assert made.returncode == 0, made.stderr
    url = f"http://127.0.0.1:{whole.port('coordinator')}/key/H1"
    assert CLIENT.get(url).status_code == 401
    asking = {"Authorization": f"Bearer {made.stdout.strip()}"}
    put = CLIENT.put(url, json={"value": {"kwh": 1}}, headers=asking)
    assert put.status_code == 200, put.text
    assert put.json()["replicas_ok"] >= 2
    assert len(put.json()["targets"]) == 3
    assert CLIENT.get(url, headers=asking).json() == {"value": {"kwh": 1}}


@pytest.mark.slow  # six more processes; `tests/store` has them, `test_compose.py` their words
def test_the_page_tells_of_the_shards(whole: Stack, token: str) -> None:
    told = ask(f"{whole.page}api/v1/cluster", token).json()
    assert [one["up"] for one in told["nodes"]] == [True] * 3
    assert told["copies"] == 3
    assert not any(one["can_hold"] for one in told["nodes"])
