"""Servers of loopback that hear of alerts."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.notify.servers import Hook, Mailbox, hooked, mailing


@pytest.fixture
def hook() -> Iterator[Hook]:
    with hooked() as server:
        yield server


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with mailing() as box:
        yield box
