"""The view of the store's nodes over made-up ones: what is said, what a click asks for."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from nicegui.testing import User, user_simulation

from energyguard.errors import Conflict, Unavailable
from energyguard.page.data.cluster import summed_up
from energyguard.page.mount import add_pages
from energyguard.service.views import ClusterView, NodeView
from energyguard.settings.tree import Settings, StoreSettings
from tests.application.service import MadeUpService
from tests.page.test_views import plotted, sees
from tests.waiting import TRIES

NODES = tuple(f"http://10.0.0.{n}:8101" for n in (1, 2, 3))
WELL = NodeView("", True, False, False, 1 / 3, 1_024, 4_711, 0, 0, 0)
VIEW = ClusterView(
    epoch=7,
    moving=False,
    strategy="consistent",
    copies=3,
    slots=1_024,
    slots_alike=1_024,
    nodes=tuple(replace(WELL, node=node) for node in NODES),
)


def with_nodes(view: ClusterView, *which: int, **changes: object) -> ClusterView:
    """The view with some nodes otherwise."""
    nodes = (
        replace(one, **changes)  # type: ignore[arg-type]
        if i in which
        else one
        for i, one in enumerate(view.nodes)
    )
    return replace(view, nodes=tuple(nodes))


class FakeCluster:
    """What the page asks of the nodes."""

    def __init__(self) -> None:
        self.now: ClusterView | None = VIEW
        self.await_done: list[tuple[str, bool]] = []
        self.refuses = False

    async def view(self) -> ClusterView:
        if self.now is None:
            raise Unavailable("no node of the store replies")
        return self.now

    async def hold(self, node: str) -> ClusterView:
        return await self._tell(node, True)

    async def release(self, node: str) -> ClusterView:
        return await self._tell(node, False)

    async def close(self) -> None:
        """Nothing to let go of."""

    async def _tell(self, node: str, held: bool) -> ClusterView:
        if self.refuses:
            raise Conflict(f"{node}: fault injection is off here")
        self.await_done.append((node, held))
        at = NODES.index(node)
        self.now = with_nodes(await self.view(), at, up=not held, held=held)
        return self.now


@pytest.fixture
def cluster() -> FakeCluster:
    return FakeCluster()


@pytest.fixture
async def someone(cluster: FakeCluster) -> AsyncIterator[User]:
    url = "ring://" + ",".join(node.removeprefix("http://") for node in NODES)
    service = MadeUpService(settings=Settings(store=StoreSettings(url=url)))
    service.cluster = cluster
    async with user_simulation() as user:
        add_pages(service)
        yield user


async def test_all_is_well(someone: User) -> None:
    await someone.open("/cluster")
    await sees(someone, "All 3 nodes are up, and all copies are alike.")
    await sees(someone, "epoch 7, settled, consistent")
    await sees(someone, "1,024 of 1,024 slots alike")
    await sees(someone, "4,711")
    await sees(someone, f"energyguard store join http://HOST:PORT --nodes {NODES[0]}")
    parts = (await plotted(someone, "shares"))["parts"]
    assert [(part["name"], part["said"]) for part in parts] == [
        (node.removeprefix("http://"), "33.3\u202f%") for node in NODES
    ]


async def test_without_fault_injection_there_is_nothing_to_press(someone: User) -> None:
    await someone.open("/cluster")
    await sees(someone, "10.0.0.2:8101")
    await someone.should_not_see("Fail", retries=10)
    await someone.should_not_see("Recover", retries=10)


async def test_a_node_is_made_to_fail_after_a_question(someone: User, cluster: FakeCluster) -> None:
    cluster.now = with_nodes(VIEW, 0, 1, 2, can_hold=True)
    await someone.open("/cluster")
    await sees(someone, "fault injection is on")
    someone.find(marker="hold-10.0.0.2:8101").click()
    await sees(someone, "Make 10.0.0.2:8101 fail?")
    someone.find(marker="cancel").click()
    assert cluster.await_done == []
    someone.find(marker="hold-10.0.0.2:8101").click()
    someone.find(marker="sure").click()
    await sees(someone, "silent: made to fail")
    await sees(someone, "10.0.0.2:8101 takes no traffic")
    someone.find(marker="free-10.0.0.2:8101").click()
    await sees(someone, "Let 10.0.0.2:8101 recover?")
    someone.find(marker="sure").click()
    await sees(someone, "All 3 nodes are up")
    assert cluster.await_done == [(NODES[1], True), (NODES[1], False)]


async def test_a_refusal_is_said(someone: User, cluster: FakeCluster) -> None:
    cluster.now, cluster.refuses = with_nodes(VIEW, 1, can_hold=True), True
    await someone.open("/cluster")
    someone.find(marker="hold-10.0.0.2:8101").click()
    someone.find(marker="sure").click()
    await sees(someone, "fault injection is off here")


async def test_nodes_that_are_away_are_said_until_they_are_back(
    someone: User, cluster: FakeCluster
) -> None:
    cluster.now = None
    await someone.open("/cluster")
    await sees(someone, "Nothing is known of the nodes yet")
    await sees(someone, "no node of the store replies")
    cluster.now = VIEW
    await sees(someone, "All 3 nodes are up")
    await someone.should_not_see("no node of the store replies", retries=TRIES)


async def test_a_store_that_is_no_ring_has_no_such_view(user: User) -> None:
    await user.open("/")
    await sees(user, "Data")
    await user.should_not_see("Cluster")


@pytest.mark.parametrize(
    ("view", "kind", "said"),
    [
        (VIEW, "resolved", "All 3 nodes are up, and all copies are alike."),
        (
            with_nodes(VIEW, 1, up=False),
            "warning",
            "10.0.0.2:8101 is silent. Every key can still be read and written.",
        ),
        (
            with_nodes(VIEW, 0, 1, up=False),
            "critical",
            "10.0.0.1:8101 and 10.0.0.2:8101 are silent. Keys with too few copies elsewhere can "
            "be neither read nor written until they are back.",
        ),
        (
            with_nodes(replace(VIEW, copies=2), 1, up=False),  # facts have a stand-in
            "warning",
            "10.0.0.2:8101 is silent. Measurements can still be read and written: stand-ins hold "
            "them. Keys of your own and the latest of some series wait until it is back.",
        ),
        (
            with_nodes(replace(VIEW, moving=True), 2, to_fetch=214),
            "info",
            "Slots are moving to their new owners: 214 copies still to fetch. Reads and writes go "
            "on.",
        ),
        (
            replace(VIEW, slots_alike=1_012),
            "info",
            "Repair goes on: 12 slots not alike on all owners yet.",
        ),
    ],
)
def test_one_sentence_sums_it_up(view: ClusterView, kind: str, said: str) -> None:
    assert summed_up(view) == (kind, said)
