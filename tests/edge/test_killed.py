"""Edges and a cloud as processes: killed and cut off at random, and nothing is lost or doubled."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from energyguard.log.compacted import CompactedTable
from energyguard.model.topics import DEAD_LETTERS, EDGE_READINGS
from energyguard.records.edges import EDGE_LINK
from tests.e2e.processes import Role
from tests.edge.field import Field, count, field, position, rows
from tests.edge.proxy import BadLine, bad_line
from tests.waiting import until

EDGES = ("E1", "E2")
READINGS = EDGE_READINGS.name
HOMES = 25  # of each
MAX_LIFE_S = 1.5
MEMORY_BYTES = 120 << 20
"""Of an edge, ever since it was started, as `MemoryMax=120M` of systemd counts.

Kernels differ by a tenth in what they map of libraries.
"""


def max_memory(role: Role) -> int:
    """The most memory that a process had, in bytes."""
    status = Path(f"/proc/{role.process.pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


def cut_at_random(line: BadLine, over: threading.Event) -> None:
    """The line is gone for random spans."""
    chance = random.Random(3)
    while not over.wait(chance.uniform(0.3, 3.0)):
        line.close()
        over.wait(chance.uniform(0.0, 2.0))
        line.open = True
    line.open = True


def kill(role: Role, works: Callable[[], int], chance: random.Random) -> None:
    """kill -9 at a random moment: mostly while it works, now and then while it starts."""
    role.wait_until_there()
    if chance.random() < 0.8:
        before = works()
        until(lambda: works() != before, f"work of {role.name}")
    time.sleep(chance.uniform(0.0, MAX_LIFE_S))
    role.kill()
    role.start_again()


def disturbed(here: Field, kills: int) -> None:
    """Play it all, kill one edge and the cloud so often, let the other's line be cut; then calm."""
    chance, over = random.Random(kills), threading.Event()
    cloud = here.cloud_role()
    with bad_line(here.port, delay_s=0.005) as line:
        roles = [cloud, here.edge_role("E1", here.port), here.edge_role("E2", line.port)]
        cuts = threading.Thread(target=cut_at_random, args=(line, over))
        try:
            for homes in here.homes.values():
                homes.start()
            cuts.start()
            for _ in range(kills):
                kill(roles[1], partial(position, here.edges["E1"], READINGS, "uplink"), chance)
                kill(cloud, partial(count, here.log, READINGS), chance)
            over.set()
            cuts.join()
            for homes in here.homes.values():
                homes.stop()
            for name in EDGES:
                until(partial(here.is_drained, name), f"the end of {name}")
            assert max_memory(roles[2]) <= MEMORY_BYTES
            for role in roles:
                role.stop()
        finally:
            over.set()
            for role in roles:
                if role.process.poll() is None:
                    role.kill()


def check(here: Field) -> None:
    """What the edges wrote is what the cloud has: every reading, once."""
    written = {name: rows(log) for name, log in here.edges.items()}
    arrived = rows(here.log)
    assert max(arrived.values()) == 1
    assert arrived == written["E1"] + written["E2"]
    for name, homes in here.homes.items():
        powers = [row for row in written[name] if row[1] == "power_kw"]
        assert len({row[0] for row in powers}) == HOMES
        assert len(powers) >= HOMES * (homes.ticks * 2 // 5 - 3)
        assert all(row[0].startswith(f"{name}-H") for row in powers)
    assert count(here.log, DEAD_LETTERS.name) == 0
    links = CompactedTable(here.log, EDGE_LINK)
    links.refresh()
    for name in EDGES:
        (held,) = [h for h in links.rows[name].held if h.topic == READINGS]
        assert len(held.ranges) == 1
        assert held.void == 0
        assert links.rows[name].readings == written[name].total()


@pytest.mark.parametrize(
    "kills",  # of an edge, and of the cloud; one crosses the border, fifty find the rare moments
    [1, pytest.param(50, marks=pytest.mark.slow)],
)
def test_kills_and_cuts_lose_nothing_and_double_nothing(tmp_path: Path, kills: int) -> None:
    with field(tmp_path, EDGES, HOMES) as here:
        disturbed(here, kills)
        check(here)
