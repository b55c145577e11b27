"""Bytes of all topics for fixed inputs: key, value, headers, partition, offset, time of append."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from tests.golden import product, scenarios, store

AT_ONCE = 3  # most of a scenario's time is waiting


@pytest.fixture(scope="module")
def played(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Mapping[str, Future[bytes]]]:
    """The scenarios that are asked for, some at a time."""
    folder = tmp_path_factory.mktemp("topics")
    asked = [name for name in scenarios.SCENARIOS if f"[{name}]" in _selected(request)]
    empty = product.new_folder(folder / "empty").parent
    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield {name: pool.submit(scenarios.outputs, name, folder / name, empty) for name in asked}


def _selected(request: pytest.FixtureRequest) -> str:
    mine = [one.name for one in request.session.items if one.path == request.path]
    return "\n".join(mine)


@pytest.mark.parametrize("name", scenarios.SCENARIOS)
def test_topics_hold_the_same_bytes(name: str, played: Mapping[str, Future[bytes]]) -> None:
    assert store.differences(played[name].result(), store.kept(f"topics/{name}.jsonl")) == []
