"""The role's own process asks devices; health, ``doctor`` and ``check poll`` say how they are."""

from __future__ import annotations

import asyncio
import json
from contextlib import closing
from pathlib import Path
from threading import Event

import pytest

from energyguard.cli.commands import main
from energyguard.cli.run.doctor import polled
from energyguard.clock import SYSTEM
from energyguard.errors import ConfigError
from energyguard.log import Log, open_log
from energyguard.pipeline import ROLES
from energyguard.poll.role import run
from energyguard.poll.states import states_in
from energyguard.service.service import EnergyService
from energyguard.settings.layers import load
from energyguard.settings.tree import Settings
from tests.e2e.processes import roles
from tests.mqtt.taken import in_log
from tests.poll.devices import http_device
from tests.service.made import StandInHistory
from tests.waiting import until

PLUG = {"/rpc/Shelly.GetStatus": b'{"switch:0":{"apower":1500,"voltage":230}}'}


def file_in(folder: Path, address: str) -> Path:
    path = folder / "devices.toml"
    path.write_text(
        f'[[target]]\nname = "boiler"\nkind = "shelly"\naddress = "{address}"\nperiod = "1 s"\n\n'
        '[[target]]\nname = "gone"\nkind = "evcc"\naddress = "http://127.0.0.1:1"\n'
        'period = "1 s"\n'
    )
    return path


async def test_devices_are_asked_by_a_process_and_those_that_are_silent_are_named(
    tmp_path: Path,
) -> None:
    async with http_device(PLUG) as address:
        setting = f"poll.file={file_in(tmp_path, address)}"
        settings = load((f"data_dir={tmp_path / 'data'}", setting)).settings
        assert ROLES["poll"].is_wanted(settings)
        assert not ROLES["poll"].is_wanted(Settings())
        settings.data_dir.mkdir()
        assert polled(settings).found == "2, and nobody asks them now"

        def is_so() -> bool:
            states = states_in(settings.data_dir)
            return len(in_log(log)) >= 4 and states is not None and bool(states.silent)

        with (
            closing(open_log(settings.log_url, SYSTEM)) as log,
            roles(settings.data_dir, "poll", more=(setting,)) as (role,),
        ):
            await asyncio.to_thread(until, is_so)
            parts = await asyncio.to_thread(parts_of_health, log, settings)
            finding = polled(settings)
            await asyncio.to_thread(role.stop)
        assert parts["poll"].startswith("1 of 2 does not answer: gone (since ")
        assert finding.found == parts["poll"]
        assert finding.todo == f"`energyguard check poll {settings.poll.file}` asks each once"
    with closing(open_log(settings.log_url, SYSTEM)) as log:
        found = {(device, channel, value) for device, channel, value, _ in in_log(log)}
    assert found == {
        ("boiler", "power_kw", 1_500_000_000),
        ("boiler", "voltage_v", 230_000_000_000),
    }
    assert states_in(settings.data_dir) is None
    assert polled(Settings(data_dir=tmp_path)).found == "none"


def parts_of_health(log: Log, settings: Settings) -> dict[str, str]:
    with EnergyService(log, StandInHistory(), settings, SYSTEM) as service:
        return dict(service.health().parts)


def test_a_file_that_cannot_be_used_ends_the_role_and_doctor_says_its_lines(tmp_path: Path) -> None:
    path = tmp_path / "devices.toml"
    path.write_text('[[target]]\nname = "a"\nkind = "x"\naddress = "http://h"\n')
    settings = Settings(data_dir=tmp_path)
    settings = settings.model_copy(update={"poll": settings.poll.model_copy(update={"file": path})})
    finding = polled(settings)
    assert finding.found.startswith(f"{path}:3: there is no kind 'x'")
    assert finding.todo
    with pytest.raises(ConfigError, match="there is no kind 'x'"):
        run(settings, Event())


async def test_check_poll_asks_each_once_and_keeps_nothing(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("energyguard.telemetry.set_up_logging", lambda level, role: None)
    data_dir = tmp_path / "data"
    async with http_device(PLUG) as address:
        file = file_in(tmp_path, address)
        words = ["check", "poll", str(file), "--json", "--data-dir", str(data_dir)]
        code = await asyncio.to_thread(main, words)
    out, err = capfd.readouterr()
    assert [json.loads(line) for line in out.splitlines()] == [
        {
            "target": "boiler",
            "device": "boiler",
            "channel": channel,
            "value": value,
            "unit": unit,
            "name": f"switch:0.{name}",
        }
        for channel, value, unit, name in (
            ("power_kw", 1.5, "kW", "apower"),
            ("voltage_v", 230, "V", "voltage"),
        )
    ]
    assert err.startswith("gone: http://127.0.0.1:1: ")
    assert code == 1
    assert not data_dir.exists()
