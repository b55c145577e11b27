"""Bytes of all topics for fixed inputs: key, value, headers, partition, offset, time of append."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from tests.golden import scenarios, store

AT_ONCE = 3  # most of a scenario's time is waiting


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, Future[bytes]]]:
    """All scenarios, some at a time."""
    folder = tmp_path_factory.mktemp("topics")
    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield {
            name: pool.submit(scenarios.outputs, name, folder / name)
            for name in scenarios.SCENARIOS
        }


@pytest.mark.parametrize("name", scenarios.SCENARIOS)
def test_topics_hold_the_same_bytes(name: str, played: Mapping[str, Future[bytes]]) -> None:
    assert store.differences(played[name].result(), store.kept(f"topics/{name}.jsonl")) == []
