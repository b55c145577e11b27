"""One browser for all that a process runs of these; one page to look at for the tests of a file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.application.service import MadeUpService
from tests.application.shown import Shown, shown

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.e2e.windows import Window


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """One for all files: its start is two seconds of processor time.

    While it is there this thread has a running loop: ``asyncio.run`` needs another.
    """
    from tests.e2e.windows import chromium

    with chromium() as made:
        yield made


@pytest.fixture(scope="module")
def served() -> Iterator[Shown]:
    with shown() as made:
        yield made


@pytest.fixture
def service(served: Shown) -> MadeUpService:
    return served.service


@pytest.fixture(scope="module")
def address(served: Shown) -> str:
    return served.address


@pytest.fixture
def window(browser: Browser, address: str) -> Iterator[Window]:
    from tests.e2e.windows import opened

    with opened(browser, address) as seen:
        yield seen
