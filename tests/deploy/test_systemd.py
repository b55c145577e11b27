"""The units of edge and cloud, without a running systemd: are they taken, how exposed are they."""

from __future__ import annotations

import configparser
import re
import subprocess
from pathlib import Path

import pytest

from energyguard.settings.layers import load
from tests.deploy.conftest import ROOT, program

SYSTEMD = ROOT / "deploy" / "systemd"
UNITS = pytest.mark.parametrize("role", ["edge", "cloud"])
PROGRAM = "/opt/energyguard/bin/energyguard"
EXPOSURE = {"edge": 1.4, "cloud": 1.4}
"""Of 10, as `systemd-analyze security` counts; the page's and NNG's sockets are 0.3 of it."""
EDGE_BYTES = 160 * 2**20


def unit(role: str) -> str:
    return (SYSTEMD / f"energyguard-{role}.service").read_text()


def analyze(*words: str | Path) -> subprocess.CompletedProcess[str]:
    """What `systemd-analyze` says."""
    tool = program("systemd-analyze", "apt-get install systemd")
    return subprocess.run([tool, *words], capture_output=True, text=True)


@UNITS
def test_systemd_takes_the_unit(role: str, tmp_path: Path) -> None:
    here = tmp_path / f"energyguard-{role}.service"
    here.write_text(unit(role).replace(PROGRAM, program("energyguard", "make install")))
    done = analyze("verify", "--man=no", "--recursive-errors=no", here)
    assert (done.returncode, done.stderr) == (0, "")


@UNITS
def test_a_unit_may_do_no_more_than_it_must(role: str) -> None:
    file = SYSTEMD / f"energyguard-{role}.service"
    done = analyze("security", "--offline=true", "--no-pager", file)
    if "unrecognized option" in done.stderr:
        pytest.skip("systemd-analyze security --offline: systemd 250 or newer")
    (exposure,) = re.findall(r"Overall exposure level for \S+: ([\d.]+)", done.stdout)
    assert float(exposure) <= EXPOSURE[role], done.stdout


@UNITS
def test_a_unit_runs_our_program_as_a_user_of_its_own(role: str) -> None:
    text = unit(role)
    assert f"\nExecStart={PROGRAM} " in text
    (user,) = re.findall(r"^User=(\S+)$", text, re.M)
    assert re.search(rf"^u {user} - ", (SYSTEMD / "energyguard.conf").read_text(), re.M)
    words = re.findall(rf"^ExecStart={PROGRAM} (.+)$", text, re.M)[0].split()
    energyguard = program("energyguard", "make install")
    done = subprocess.run([energyguard, *words, "--help"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@UNITS
def test_the_settings_of_a_unit_can_be_used(role: str) -> None:
    (named,) = re.findall(r"ENERGYGUARD_CONFIG=(\S+)", unit(role))
    assert named == f"/etc/energyguard/{role}.toml"
    found = load(environ={"ENERGYGUARD_CONFIG": str(SYSTEMD / f"{role}.toml")}).settings
    (folder,) = re.findall(r"^StateDirectory=(\S+)$", unit(role), re.M)
    assert str(found.data_dir) == f"/var/lib/{folder}"
    if role == "cloud":
        assert found.cloud.listen == "0.0.0.0:5556"
        assert found.serve.host == "127.0.0.1"  # by the tunnel
        assert found.regions.listen == "127.0.0.1:5006"
    else:
        assert found.edge_dir == found.data_dir  # as `edge join` and `edge status` have it


def test_the_edge_has_the_memory_that_its_figures_say() -> None:
    settings = configparser.ConfigParser(strict=False, interpolation=None)
    settings.read_string(unit("edge"))
    (number,) = re.findall(r"^(\d+)M$", settings["Service"]["MemoryMax"])
    assert int(number) * 2**20 == EDGE_BYTES
    assert settings["Service"]["Restart"] == "on-failure"
    assert "WatchdogSec" not in settings["Service"]  # nothing in us would feed it
