"""What a test has shown is let go: else each test would be slower than the one before."""

from __future__ import annotations

import gc
import weakref

import pytest
from nicegui.testing import User

from tests.application.service import MadeUpService

SHOWN: list[weakref.ref[MadeUpService]] = []


@pytest.mark.parametrize("before", range(5))
async def test_services_of_earlier_tests_are_gone(
    user: User, service: MadeUpService, before: int
) -> None:
    await user.open("/")
    SHOWN.append(weakref.ref(service))
    gc.collect()
    kept = [shown for shown in SHOWN if shown()]
    assert len(kept) <= 3, before  # this one; the first and the last are let go later
