"""The list of rules on the page stays under somebody's hands."""

from __future__ import annotations

from threading import Event

import pytest
from nicegui.testing import User

from energyguard.service.alerts.alerts_got import AlertsGot
from tests.page.test_views import sees
from tests.waiting import TRIES


async def test_what_rules_raised_is_said_without_drawing_them_again(
    user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A button that somebody is about to press stays where it is."""
    known = Event()

    def late(_service: object) -> dict[str, AlertsGot]:
        known.wait()
        return {"household-prod": AlertsGot(7, 0.0)}

    monkeypatch.setattr("energyguard.page.rules.card.alerts_got", late)
    await user.open("/rules")
    await user.should_see(marker="change-household-prod", retries=TRIES)
    (before,) = user.find(marker="change-household-prod").elements
    known.set()
    await sees(user, "7 alerts in 4 weeks")
    assert user.find(marker="change-household-prod").elements == {before}
