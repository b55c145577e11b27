"""What people did with an alert survives kill -9 of everything that knows of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.meters import free_port
from tests.e2e.processes import Role, roles
from tests.waiting import until

CLIENT = httpx.Client(timeout=60)


def ask(url: str) -> Any:
    """The answer of a service that may not be there yet."""
    try:
        answer = CLIENT.get(url)
    except httpx.TransportError:
        return None
    return answer.json() if answer.status_code == 200 else None


def die_and_come_back(*dead: Role) -> None:
    for role in dead:
        role.kill()
    for role in dead:
        role.start_again()


@pytest.mark.slow  # test_faults.py kills who serves each time; both are records of the log
def test_a_silence_and_an_acknowledgement_survive_kill_9(tmp_path: Path) -> None:
    port = free_port()
    api = f"http://127.0.0.1:{port}/api/v1"
    more = (f"serve.port={port}", "rules.use=household-demo")
    with roles(tmp_path / "data", "worker", "serve", more=more) as (worker, serve):
        until(lambda: ask(f"{api}/alerts") is not None)
        now = datetime.now(UTC)
        times = [now - timedelta(seconds=75 - 15 * i) for i in range(6)]
        readings = [
            {"timestamp": time.isoformat("T", "seconds"), "household_id": "S2", "energy_kwh": 0.03}
            for time in times
        ]
        assert CLIENT.post(f"{api}/readings", json=readings).json()["accepted"] == 6
        (alert,) = until(lambda: ask(f"{api}/alerts?device=S2"))
        url = f"{api}/alerts/{alert['id']}"
        assert CLIENT.post(f"{url}/acknowledge", json={"note": "oven"}).status_code == 200
        silenced = CLIENT.post(f"{url}/silence", json={"for": "1h"}).json()
        assert silenced["state"] == "silenced"
        for dead in ((serve,), (worker,), (serve, worker)):
            die_and_come_back(*dead)
            shown = until(lambda: ask(url))
            assert (shown["state"], shown["note"]) == ("silenced", "oven")
            assert shown["silenced_until_ms"] == silenced["silenced_until_ms"]
            assert shown["acknowledged_by"] == silenced["acknowledged_by"]
        assert CLIENT.post(f"{url}/unsilence").json()["state"] == "acknowledged"
        die_and_come_back(serve, worker)
        assert until(lambda: ask(url))["state"] == "acknowledged"
