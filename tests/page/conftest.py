"""A simulated person in front of the page: no socket, no browser."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Iterator
from types import SimpleNamespace

import pytest
from nicegui.testing import User, general, user_simulation

from energyguard.page.mount import add_pages
from tests.application.service import MadeUpService


@pytest.fixture
def service() -> MadeUpService:
    return MadeUpService()


@pytest.fixture(autouse=True, scope="session")
def _no_collection_between() -> Iterator[None]:
    """A person's coming and going collects all garbage, two thirds of what the two would cost.

    What a test leaves is collected when there is enough of it, as anywhere.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(general, "gc", SimpleNamespace(collect=lambda: None))
        yield


@pytest.fixture(autouse=True)
def _modules() -> Iterator[None]:
    """What is simulated here takes packages out of ``sys.modules``; other tests want them back."""
    before = sys.modules.copy()
    yield
    sys.modules.update(before)


@pytest.fixture
async def user(service: MadeUpService) -> AsyncIterator[User]:
    async with user_simulation() as someone:
        add_pages(service)
        yield someone


@pytest.fixture
async def nobody() -> AsyncIterator[User]:
    """In front of a system to which nobody has sent anything."""
    async with user_simulation() as someone:
        add_pages(MadeUpService(empty=True))
        yield someone
