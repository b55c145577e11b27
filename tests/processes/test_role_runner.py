"""A role whose disk is full waits in place, and is not tried again before there is room."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest

from energyguard.durable.atomic import MIN_FREE
from energyguard.errors import DiskFull
from energyguard.processes import role_runner
from energyguard.settings.tree import Settings


def test_it_is_tried_again_once_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free: Iterator[int] = iter([0, 0, MIN_FREE])
    left_at_try = []

    def role(settings: Settings, stop: Event) -> None:
        left_at_try.append(next(free, None))
        if len(left_at_try) == 1:
            raise DiskFull("no room")

    monkeypatch.setattr(role_runner, "ROOM_S", 0.001)
    monkeypatch.setattr(role_runner, "free_bytes", lambda folder: next(free))
    role_runner.play("worker", role, Settings(data_dir=tmp_path), Event())
    assert left_at_try == [0, None], "all of the looks were before the second try"
