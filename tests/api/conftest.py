"""The service of tests of the service, for the ways into it; and somebody who asks it by HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from energyguard.service.contract import Service
from tests.application.client import client_of
from tests.service.conftest import _a_page_that_has_not_started, history, log, service, settings

__all__ = ["_a_page_that_has_not_started", "history", "log", "service", "settings"]


@pytest.fixture
async def http(service: Service) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(service) as client:
        yield client
