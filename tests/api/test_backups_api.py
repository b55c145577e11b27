"""Copies over HTTP: made and listed, and a wish to put one back, which only ``up`` can fulfil."""

from __future__ import annotations

from pathlib import Path

import httpx

from energyguard.backup.requests import RestoreRequest, take_request
from energyguard.processes.registry import present
from energyguard.service.contract import Service
from tests.application.client import ok


async def test_a_copy_is_made_and_wished_back(http: httpx.AsyncClient, service: Service) -> None:
    assert await ok(http.get("/backups")) == []
    answer = await http.post("/backups")
    assert answer.status_code == 201
    made = answer.json()
    assert await ok(http.get("/backups")) == [made]
    path = f"/backups/{made['name']}/restore"
    assert (await http.post(path)).status_code == 503  # nobody could start all again
    data = service.settings.data_dir
    assert take_request(data) is None
    with present(data, "up"):
        assert (await http.post(path)).status_code == 202
    copy = service.settings.backup_dir / made["name"]
    assert take_request(data) == RestoreRequest(str(Path(copy).absolute()), "mara")
    assert (await http.post("/backups/none/restore")).status_code == 404
    noted = [(entry.act, entry.by, entry.about) for entry in service.audit.newest()]
    assert noted == [("restore wanted", "mara", copy.name), ("copy made", "mara", copy.name)]
