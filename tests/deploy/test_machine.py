"""Units and start script under a real systemd: the cloud is installed, an edge joins it."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator

import httpx
import pytest

from deploy.jars import Missing
from deploy.kafka.brokers import free_ports
from tests.deploy.machine import Machine, Metadata, attributes, wheel
from tests.deploy.test_systemd import EDGE_BYTES, SYSTEMD
from tests.waiting import until

pytestmark = pytest.mark.slow


class Ports:
    """Where the machine's services are."""

    def __init__(self) -> None:
        self.metadata, self.page, self.history, self.link, self.api = free_ports(5)


@pytest.fixture(scope="module")
def ports() -> Ports:
    return Ports()


@pytest.fixture(scope="module")
def metadata(tmp_path_factory: pytest.TempPathFactory, ports: Ports) -> Iterator[Metadata]:
    """What the machine is told, by a server as Google's."""
    folder = tmp_path_factory.mktemp("wheels")
    given = attributes(f"http://127.0.0.1:{ports.metadata}/{wheel(folder)}")
    given["settings"] = elsewhere(given["settings"].decode(), ports).encode()
    with Metadata(ports.metadata, given, folder) as server:
        yield server
        server.shutdown()


@pytest.fixture(scope="module")
def machine(
    tmp_path_factory: pytest.TempPathFactory, ports: Ports, metadata: Metadata
) -> Iterator[Machine]:
    """A machine that has booted, with nothing of ours on it."""
    if os.geteuid() != 0:
        pytest.skip("a machine in a container is booted by root")
    try:
        made = Machine(tmp_path_factory.mktemp("machine"))
    except Missing as missing:
        pytest.skip(str(missing))
    try:
        made.start(ports.metadata)
        yield made
    finally:
        made.stop()


def elsewhere(settings: str, ports: Ports) -> str:
    """The cloud's settings with other ports: this machine may have its own at the usual ones."""
    for address, port in (("0.0.0.0:5556", ports.link), ("127.0.0.1:5006", ports.api)):
        assert settings.count(address) == 1
        settings = settings.replace(address, f"127.0.0.1:{port}")
    return f"{settings}\n[serve]\nport = {ports.page}\n\n[history]\nport = {ports.history}\n"


def start_script(machine: Machine) -> tuple[int, str]:
    """Run the start script, as Google does at every start; its exit code, and what it said."""
    done = machine.run("systemctl", "start", "google-startup-scripts")
    return done.returncode, machine.journal("google-startup-scripts")


def test_the_start_script_installs_and_starts_the_cloud(machine: Machine, ports: Ports) -> None:
    code, said = start_script(machine)
    assert code == 0, said[-3000:]
    url = f"http://127.0.0.1:{ports.page}/"
    until(lambda: answers(url + "readyz"), "the page")
    link = machine.ours("cloud", "token", "link").strip()
    assert httpx.get(link).status_code == 303
    assert machine.run("mountpoint", "/var/lib/energyguard").returncode == 0


def test_the_cloud_may_do_no_more_than_its_unit_says(machine: Machine) -> None:
    processes = machine.processes("energyguard-cloud")
    assert len(processes) > 3
    for process in processes:
        said = machine.run("cat", f"/proc/{process}/status").stdout
        found = dict(re.findall(r"^(\w+):\s*(.+)$", said, re.MULTILINE))
        assert (found["NoNewPrivs"], found["Seccomp"]) == ("1", "2")
        assert {found[name].strip("0") for name in ("CapEff", "CapPrm", "CapBnd")} == {""}
        assert found["Uid"].split()[0] != "0"


def test_an_edge_is_enrolled_joins_and_sends(machine: Machine, ports: Ports) -> None:
    machine.put("/etc/energyguard/edge.toml", (SYSTEMD / "edge.toml").read_text())
    unit = "energyguard-edge"
    machine.put(f"/etc/systemd/system/{unit}.service", (SYSTEMD / f"{unit}.service").read_text())
    machine.run("systemctl", "daemon-reload")
    machine.run("systemctl", "start", unit)
    until(lambda: state(machine, unit) == "failed", "a refusal without a certificate")
    assert "edge enroll" in machine.journal(unit)  # it says what to do

    bundle = machine.ours("cloud", "edge", "enroll", "home-1", "--host", "127.0.0.1", "--out", "-")
    machine.ours("edge", "edge", "join", "-", stdin=bundle)
    machine.run("systemctl", "reset-failed", unit)
    assert machine.run("systemctl", "start", unit).returncode == 0
    machine.ours("edge", "role", "simulate-regions", seconds=20)
    until(lambda: acknowledged(machine) > 0, "an acknowledgement")
    assert state(machine, unit) == "active"
    assert machine.memory(unit) < EDGE_BYTES


def test_a_version_that_cannot_be_installed_leaves_the_one_before_at_work(
    machine: Machine, ports: Ports, metadata: Metadata
) -> None:
    at = machine.run("readlink", "/opt/energyguard").stdout
    metadata.attributes = {**metadata.attributes, "package": b"http://127.0.0.1:9/none.whl"}
    code, said = start_script(machine)
    assert code != 0
    assert "could not be installed" in said
    assert machine.run("readlink", "/opt/energyguard").stdout == at
    until(lambda: answers(f"http://127.0.0.1:{ports.page}/readyz"), "the page")


def state(machine: Machine, unit: str) -> str:
    """`active`, `failed`, …"""
    return machine.run("systemctl", "is-active", unit).stdout.strip()


def acknowledged(machine: Machine) -> int:
    """How many records the cloud has of the edge's."""
    found: int = json.loads(machine.ours("edge", "edge", "status", "--json"))["acknowledged"]
    return found


def answers(url: str) -> bool:
    """Whether it is ready."""
    try:
        return httpx.get(url).status_code == 200
    except httpx.TransportError:
        return False
