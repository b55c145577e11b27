"""The role: a process that listens, says where, and drains when told to."""

from __future__ import annotations

import socket
import stat
from pathlib import Path
from threading import Event, Thread

import httpx
import msgspec
import pytest

from energyguard.api.role import Card, run
from energyguard.errors import ConfigError
from energyguard.settings.tree import ServeSettings, Settings
from tests.waiting import until


def settings_of(folder: Path, **serve: object) -> Settings:
    return Settings(data_dir=folder, serve=ServeSettings.model_validate({"port": 0} | serve))


def test_it_says_where_it_is_and_lets_in_once(tmp_path: Path) -> None:
    stop = Event()
    role = Thread(target=run, args=(settings_of(tmp_path), stop))
    role.start()
    try:
        file = tmp_path / "run" / "serve.json"
        until(file.exists)
        card = msgspec.json.decode(file.read_bytes(), type=Card)
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        with httpx.Client(trust_env=False, timeout=20) as http:
            assert http.get(f"{card.url}healthz").json() == {"ok": True}
            entered = http.get(card.login)
            assert (entered.status_code, entered.headers["location"]) == (303, "/")
            assert http.get(f"{card.url}api/v1/alerts").json() == []
            answer = http.post(f"{card.url}api/v1/readings", content=b"2025-09-06T12:00:00Z,H1,1\n")
            assert answer.json()["accepted"] == 1
            assert "EnergyGuard" in http.get(card.url).text
    finally:
        stop.set()
        role.join(20)
    assert not role.is_alive()


def test_what_it_cannot_listen_on_is_said(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=f"127.0.0.1:{port}"):
            run(settings_of(tmp_path, port=port), Event())
    with pytest.raises(ConfigError, match="loopback"):
        run(settings_of(tmp_path, host="0.0.0.0", auth=False), Event())
