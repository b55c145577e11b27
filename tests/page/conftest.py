"""A simulated person in front of the page: no socket, no browser."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Iterator

import pytest
from nicegui.testing import User, user_simulation

from energyguard.page.mount import add_pages
from tests.page.fake_service import FakeService


@pytest.fixture
def service() -> FakeService:
    return FakeService()


@pytest.fixture(autouse=True)
def _modules() -> Iterator[None]:
    """What is simulated here takes packages out of ``sys.modules``; other tests want them back."""
    before = sys.modules.copy()
    yield
    sys.modules.update(before)


@pytest.fixture
async def user(service: FakeService) -> AsyncIterator[User]:
    async with user_simulation() as someone:
        add_pages(service)  # type: ignore[arg-type]
        yield someone
