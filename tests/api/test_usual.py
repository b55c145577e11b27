"""How unusual a use is of which an alert tells, over REST."""

from __future__ import annotations

import httpx
from msgspec.structs import replace

from energyguard.log import Log
from energyguard.model.quantities import NANO
from energyguard.service.contract import Service
from tests.page.test_sentences import UNLIKE
from tests.service.made import alert_event, raise_alerts
from tests.waiting import until


async def test_an_alert_about_unusual_use_says_why(
    http: httpx.AsyncClient, log: Log, service: Service
) -> None:
    seen, evidence = round(1.75 * NANO), tuple(UNLIKE.items())
    unlike = replace(alert_event("a2"), unit="kW", observed=seen, evidence=evidence)
    raise_alerts(log, alert_event("a1"), unlike)
    until(lambda: len(service.book.open()) == 2)
    found = (await http.get("/alerts/a2/usual")).json()
    assert (found["seen_kw"], found["low_kw"], found["high_kw"]) == (1.75, 0.1, 0.4)
    assert (found["kind"], found["next_kind"], found["weeks"]) == ("stuck_on", "leak", 22)
    assert found["reasons"] == [{"name": "lowest of 4 h, spreads above usual", "number": 9.8}]
    assert (found["more_kwh"], found["more_cost"]) == (None, None)  # no history is there
    other = await http.get("/alerts/a1/usual")
    assert (other.status_code, "not about unusual use" in other.text) == (404, True)


async def test_the_last_weeks_of_a_rule_are_told_as_they_would_have_been(
    http: httpx.AsyncClient,
) -> None:
    found = await http.get("/rules/household-unusual/budget", params={"alerts_a_week": 0.02})
    answer = found.json()
    assert (answer["wanted"], answer["alerts_a_week"], answer["recorded"]) == (0.02, 0.1, True)
    assert [(week["alerts"], week["would_be"]) for week in answer["weeks"]] == [(0, 0)] * 12
    other = await http.get("/rules/household-prod/budget")
    assert (other.status_code, "no rule about unusual use" in other.text) == (422, True)
