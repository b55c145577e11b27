"""A changed file of devices is read by itself; a broken one changes nothing and is said."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from threading import Event

import pytest

from energyguard.cli.run.doctor import polled
from energyguard.errors import ConfigError
from energyguard.poll import poller
from energyguard.poll import role as module
from energyguard.poll.states import states_in
from energyguard.poll.target_file import TargetFile
from energyguard.settings.tree import Settings
from tests.poll.devices import http_device

PLUG = {"/rpc/Shelly.GetStatus": b'{"switch:0":{"apower":1500}}'}


def lines(address: str, *names: str) -> str:
    return "".join(
        f'[[target]]\nname = "{name}"\nkind = "shelly"\naddress = "{address}"\nperiod = "1 s"\n'
        for name in names
    )


def rested(file: TargetFile) -> object:
    """What a change is once it rests."""
    assert file.changed() is None
    return file.changed()


def test_a_change_counts_once_it_rests_and_maps_belong_to_it(tmp_path: Path) -> None:
    path, registers = tmp_path / "devices.toml", tmp_path / "meter.toml"
    registers.write_text('[[register]]\naddress = 1\nchannel = "power_kw"\n')
    path.write_text(
        '[[target]]\nname = "m"\nkind = "modbus"\naddress = "tcp://h"\nregisters = "meter.toml"\n'
    )
    file = TargetFile(path)
    targets = file.read()
    assert file.changed() is None
    registers.write_text('[[register]]\naddress = 17\nchannel = "power_kw"\n')
    assert rested(file) == targets
    assert rested(file) is None
    registers.write_text('[[register]]\naddress = 17\nchannel = "ower_kw"\n')
    with pytest.raises(ConfigError, match="ower_kw"):
        rested(file)
    assert rested(file) is None  # said once
    path.unlink()
    with pytest.raises(ConfigError, match="cannot be read"):
        rested(file)


async def test_a_role_that_runs_asks_whom_the_file_names_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "READ_AGAIN_S", 0.02)
    monkeypatch.setattr(poller, "SILENT_AFTER", 1)
    path = tmp_path / "devices.toml"
    settings = Settings(data_dir=tmp_path / "data")
    settings = settings.model_copy(update={"poll": settings.poll.model_copy(update={"file": path})})
    settings.data_dir.mkdir()
    stop = Event()

    def words() -> str:
        states = states_in(settings.data_dir)
        return states.words() if states else ""

    def asked() -> int:
        states = states_in(settings.data_dir)
        return states.targets if states else 0

    async def until(is_so: Callable[[], bool]) -> None:
        async with asyncio.timeout(20):
            while not is_so():
                await asyncio.sleep(0.02)
                assert not running.done()

    async with http_device(PLUG) as address:
        path.write_text(lines(address, "boiler"))
        running = asyncio.create_task(asyncio.to_thread(module.run, settings, stop))
        await until(lambda: asked() == 1)
        path.write_text(lines(address, "boiler", "fridge"))
        await until(lambda: asked() == 2)
        path.write_text(lines(address, "boiler") + "[[target]]\nname = 7\n")
        await until(lambda: words() != "ok")
        assert words().startswith(f"the devices of before are asked: {path}:")
        assert asked() == 2
        assert polled(settings).todo == "mend the lines; nobody is asked until then"  # no process
        path.write_text(lines("http://127.0.0.1:1", "boiler") + lines(address, "cellar"))
        await until(lambda: words().startswith("1 of 2 does not answer: boiler"))
        path.write_text(lines(address, "cellar"))
        await until(lambda: words() == "ok" and asked() == 1)
        stop.set()
        await running
