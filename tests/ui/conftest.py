"""A simulated person in front of the page: no socket, no browser."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from nicegui.testing import User, user_simulation

from energyguard.ui.mount import add_pages
from tests.ui.fake_desk import FakeDesk


@pytest.fixture
def desk() -> FakeDesk:
    return FakeDesk()


@pytest.fixture
async def user(desk: FakeDesk) -> AsyncIterator[User]:
    async with user_simulation() as someone:
        add_pages(desk)  # type: ignore[arg-type]
        yield someone
