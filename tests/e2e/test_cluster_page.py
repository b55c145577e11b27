"""The view of the store's nodes in a real browser, over real shards that a person makes fail."""

from __future__ import annotations

import re
from collections.abc import Iterator

import httpx
import msgspec
import pytest
from playwright.sync_api import expect

from energyguard.api.role import Card
from energyguard.store.client import RingStore
from energyguard.store.row import Row
from energyguard.store.version import Version
from tests.e2e.processes import Role, roles
from tests.e2e.windows import IN_A_BROWSER, Window, fits_and_axe_finds_nothing
from tests.store.shards import Process, cluster
from tests.waiting import awaited, until

pytestmark = IN_A_BROWSER
ROWS = 600


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[list[Process], list[str]]]:
    """Three shards, in no cluster yet."""
    with cluster(tmp_path_factory.mktemp("shards")) as found:
        yield found


@pytest.fixture(scope="module")
def serve(
    running: tuple[list[Process], list[str]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Role]:
    """The page's role, which tells of the shards."""
    names = ",".join(node.removeprefix("http://") for node in running[1])
    folder = tmp_path_factory.mktemp("page") / "data"
    settings = (f"store.url=ring://{names}", "serve.port=0")
    with roles(folder, "serve", more=settings) as (role,):
        until((folder / "run" / "serve.json").exists)
        yield role
        role.stop()


@pytest.fixture
def address(serve: Role) -> str:
    card = msgspec.json.decode((serve.data_dir / "run" / "serve.json").read_bytes(), type=Card)
    return card.url.rstrip("/")


async def form_and_fill(nodes: list[str]) -> None:
    ring = RingStore(nodes)
    await ring.open()
    await ring.write([Row(f"H{i}", 1, Version(1, i), b"0.1") for i in range(ROWS)], copies=3)
    await ring.close()


def test_shards_in_no_cluster_are_said_and_the_page_goes_on_by_itself(
    window: Window, running: tuple[list[Process], list[str]]
) -> None:
    page = window.open("/cluster")
    expect(page.get_by_text("in no cluster yet")).to_be_visible()
    awaited(form_and_fill(running[1]))
    summary = page.get_by_text("All 3 nodes are up, and all copies are alike.")
    expect(summary).to_be_visible()
    expect(page.locator(".banner")).to_be_empty()


def test_it_fits_and_axe_finds_nothing(window: Window) -> None:
    window.page.emulate_media(reduced_motion="reduce")
    page = window.open("/cluster")
    expect(page.locator(".plot svg").first).to_be_visible()
    expect(page.get_by_role("row", name=re.compile(rf"33\.3+\s% 1,024 {ROWS}"))).to_have_count(3)
    fits_and_axe_finds_nothing(page)


def test_a_node_is_made_to_fail_with_the_keyboard_and_recovers(
    window: Window, address: str, running: tuple[list[Process], list[str]]
) -> None:
    node = sorted(running[1])[1]
    name = node.removeprefix("http://")
    page = window.open("/cluster")
    page.get_by_role("button", name=f"Fail {name}").focus()
    page.keyboard.press("Enter")
    question = page.get_by_role("dialog", name=f"Make {name} fail?")
    expect(question).to_be_visible()
    question.get_by_role("button", name="Cancel").click()
    expect(question).to_be_hidden()
    page.get_by_role("button", name=f"Fail {name}").click()
    question.get_by_role("button", name="Make it fail").click()
    expect(page.get_by_text("silent: made to fail")).to_be_visible()
    expect(page.get_by_text(f"{name} is silent. Every key can still")).to_be_visible()
    fits_and_axe_finds_nothing(page)
    told = httpx.get(f"{address}/api/v1/cluster", trust_env=False, timeout=20).json()
    assert {one["node"] for one in told["nodes"] if not one["up"]} == {node}
    page.set_viewport_size({"width": 1440, "height": 900})
    page.get_by_role("button", name=f"Recover {name}").click()
    page.get_by_role("button", name="Let it recover").click()
    expect(page.get_by_text("All 3 nodes are up")).to_be_visible()


def test_a_shard_that_is_killed_is_silent_until_it_is_back(
    window: Window, running: tuple[list[Process], list[str]]
) -> None:
    page = window.open("/cluster")
    expect(page.get_by_text("All 3 nodes are up")).to_be_visible()
    victim = running[0][0]
    victim.kill()
    expect(page.get_by_text("is silent. Every key can still")).to_be_visible()
    victim.start()
    expect(page.get_by_text("All 3 nodes are up")).to_be_visible()
