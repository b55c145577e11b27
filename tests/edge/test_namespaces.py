"""An edge and its cloud in network namespaces of their own; the wire between them is pulled."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from energyguard.log import Log
from energyguard.model.topics import EDGE_READINGS
from tests.e2e.processes import Role
from tests.edge.field import field, position, rows
from tests.waiting import until

NAMES = {"cloud": "eg-cloud", "edge": "eg-edge"}
READINGS = EDGE_READINGS.name


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)


@pytest.fixture
def wire() -> Iterator[None]:
    """A pair of virtual interfaces, an end in each namespace: 10.77.0.1 and 10.77.0.2."""
    if shutil.which("ip") is None or os.geteuid() != 0:
        pytest.skip("network namespaces need root and `ip`")
    try:
        for name in NAMES.values():
            ip("netns", "add", name)
    except subprocess.CalledProcessError as error:
        pytest.skip(f"network namespaces cannot be made here: {error.stderr.decode().strip()}")
    try:
        ip("link", "add", "eg0", "netns", NAMES["cloud"], "type", "veth",
           "peer", "name", "eg1", "netns", NAMES["edge"])  # fmt: skip
        for name, device, number in ((NAMES["cloud"], "eg0", 1), (NAMES["edge"], "eg1", 2)):
            ip("-n", name, "addr", "add", f"10.77.0.{number}/24", "dev", device)
            ip("-n", name, "link", "set", device, "up")
            ip("-n", name, "link", "set", "lo", "up")
        yield
    finally:
        for name in NAMES.values():
            ip("netns", "del", name)


class Housed(Role):
    """A role in a network namespace."""

    def __init__(self, namespace: str, name: str, data_dir: Path, *settings: str) -> None:
        self._namespace = namespace
        super().__init__(name, data_dir, *settings)

    def _start(self) -> subprocess.Popen[bytes]:
        words = ["ip", "netns", "exec", self._namespace, sys.executable, *self._command]
        with self.log.open("ab") as said:
            return subprocess.Popen(words, stdout=said, stderr=said)


def is_beyond(log: Log, before: int) -> bool:
    """Whether the cloud has more than it had."""
    return position(log, READINGS, "uplink") > before


@pytest.mark.slow  # cuts without root: test_killed.py
@pytest.mark.usefixtures("wire")
def test_a_wire_that_is_pulled_loses_nothing(tmp_path: Path) -> None:
    with field(tmp_path, ["E1"], 10) as here:
        address = f"10.77.0.1:{here.port}"
        quick = ("edge.heartbeat=300ms", "edge.silent=2s", "log.session_timeout=2s")
        folder = here.edge_dir("E1")
        cloud = Housed(NAMES["cloud"], "cloud", here.cloud_dir, f"cloud.listen={address}", *quick)
        own = (f"edge.data_dir={folder}", f"edge.cloud=tls+tcp://{address}", "edge.prefix=E1-")
        edge = Housed(NAMES["edge"], "edge", folder, *own, *quick)
        log = here.edges["E1"]
        try:
            here.homes["E1"].start()
            for _ in range(2):
                until(partial(is_beyond, log, position(log, READINGS, "uplink")), "an answer")
                ip("-n", NAMES["edge"], "link", "set", "eg1", "down")
                until(
                    lambda: "silent" in edge.said() or "gone" in edge.said(), "a line that is gone"
                )
                ip("-n", NAMES["edge"], "link", "set", "eg1", "up")
            here.homes["E1"].stop()
            until(lambda: here.is_drained("E1"))
            assert rows(here.log) == rows(log)
            edge.stop()
            cloud.stop()
        finally:
            for role in (edge, cloud):
                if role.process.poll() is None:
                    role.kill()
