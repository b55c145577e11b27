"""What users type, ask and configure is answered as before."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.golden import store, surface


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, bytes]:
    return surface.everything(tmp_path_factory.mktemp("surface"))


@pytest.mark.parametrize("name", surface.NAMES)
def test_the_surface_is_the_same(name: str, found: Mapping[str, bytes]) -> None:
    assert store.differences(found[name], store.kept(f"surface/{name}")) == []


def test_everything_that_is_looked_at_is_compared(found: Mapping[str, bytes]) -> None:
    assert set(found) == set(surface.NAMES)
