"""The audit: who came in, who was refused, who changed what."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from energyguard.access.tokens import Tokens
from energyguard.api.app import build_app
from energyguard.audit import REFUSALS_AT_ONCE, AuditTrail
from energyguard.clock import ManualClock
from energyguard.errors import Unavailable
from energyguard.log import EARLIEST
from energyguard.model.access import AccessRole
from energyguard.testing import MemoryLog
from tests.application.service import MadeUpService
from tests.waiting import until

NOW = 1_760_000_000_000


def test_refusals_are_bounded_by_address_and_others_are_not() -> None:
    log, clock = MemoryLog(), ManualClock(NOW)
    audit = AuditTrail(log, clock)
    for _ in range(1_000):
        audit.refused("log-in refused", "nina", "/login", "10.0.0.1")
    assert len(audit.newest(5_000)) == REFUSALS_AT_ONCE
    audit.refused("log-in refused", "nina", "/login", "10.0.0.2")
    clock.sleep(60)
    audit.refused("log-in refused", "nina", "/login", "10.0.0.1")
    audit.note("log-in", "nina", "/login", "", "10.0.0.1")
    newest, _ = audit.newest(2)
    assert (newest.by, newest.act) == ("nina", "log-in")
    assert len(audit.newest(5_000)) == REFUSALS_AT_ONCE + 3
    at = log.positions("energyguard.audit", EARLIEST)
    assert log.read(at, 1, 0.0)[0].keys[0] == b"nina"


def test_a_log_that_takes_nothing_stops_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    log = MemoryLog()

    def away(*_: object) -> None:
        raise Unavailable("the log is away")

    monkeypatch.setattr(log, "append", away)
    AuditTrail(log, ManualClock(NOW)).note("log-in", "nina")


async def test_what_happens_over_http_is_kept_and_told_to_admins() -> None:
    service = MadeUpService()
    tokens = Tokens(service.settings.data_dir, service.clock)
    admin, guest = tokens.create("mara"), tokens.create("guest", AccessRole.READ)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(build_app(service, tokens, "127.0.0.1")),
        base_url="http://127.0.0.1",
        trust_env=False,
    ) as client:
        by = {name: {"Authorization": f"Bearer {t}"} for name, t in (("a", admin), ("g", guest))}
        await client.post("/login", data={"token": "eg_guess"})
        await client.post("/login", data={"token": guest})
        client.cookies.clear()
        assert (await client.put("/api/v1/rules", headers=by["g"], json={})).status_code == 403
        use = {"use": ["household-prod"]}
        assert (await client.put("/api/v1/rules", headers=by["a"], json=use)).status_code == 200
        await asyncio.to_thread(until, lambda: len(service.audit.newest()) >= 4)
        rows = (await client.get("/api/v1/audit", headers=by["a"])).json()
        acts = {(row["by"], row["act"]) for row in rows}
        assert acts >= {
            ("guest", "log-in"),
            ("", "log-in refused: form"),
            ("guest", "refused: PUT"),
        }
        assert ("mara", "rule change") in acts
        assert (await client.get("/api/v1/audit", headers=by["g"])).status_code == 403
