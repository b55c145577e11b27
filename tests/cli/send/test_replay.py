"""What brings readings of the past gives way to live ones."""

from __future__ import annotations

import os
import sys

import pytest

from energyguard.cli.send.replay import NICENESS, _giving_way


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a thread's own priority")
def test_what_brings_the_past_gives_way_in_its_own_thread() -> None:
    def niceness() -> int:
        return os.getpriority(os.PRIO_PROCESS, 0)

    mine = niceness()
    assert _giving_way(niceness) == min(19, mine + NICENESS)
    assert niceness() == mine


def test_what_goes_wrong_there_is_raised_here() -> None:
    with pytest.raises(ZeroDivisionError):
        _giving_way(lambda: 1 // 0)
