"""An engine's process ends with us, however we end; what runs in it needs nothing of ours."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PATIENCE_S = 30
ENGINE = """
import pathlib, signal, sys, time
def stop(*_):
    pathlib.Path(sys.argv[1], "stopped").touch()
    sys.exit(0)
signal.signal(signal.SIGTERM, stop)
pathlib.Path(sys.argv[1], "runs").touch()
time.sleep(60)
"""
OURS = """
import os, sys
from energyguard.stream.engines.programs import ended
sys.exit(ended([sys.executable, "-c", *sys.argv[1:]], os.environ))
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_an_engine_is_told_to_stop(number: signal.Signals, tmp_path: Path) -> None:
    if number is signal.SIGKILL and sys.platform != "linux":
        pytest.skip("only Linux tells a child of its parent's end")
    ours = subprocess.Popen([sys.executable, "-c", OURS, ENGINE, str(tmp_path)])
    try:
        _await(tmp_path / "runs")
        ours.send_signal(number)
        assert ours.wait(PATIENCE_S) == (-number if number is signal.SIGKILL else 0)
        _await(tmp_path / "stopped")
    finally:
        ours.kill()
        ours.wait()


def _await(file: Path) -> None:
    until = time.monotonic() + PATIENCE_S
    while not file.exists():
        assert time.monotonic() < until
        time.sleep(0.02)


WITHOUT = """
import sys

class Flink:
    def find_spec(self, name, path, target=None):
        if name.partition(".")[0] in sys.argv[2:]:
            raise ModuleNotFoundError(f"Flink's environment has no {name}")

sys.meta_path.insert(0, Flink())
__import__(sys.argv[1])
"""


def test_a_program_of_flink_loads_nothing_that_its_environment_lacks() -> None:
    """Which is ``requirements-flink.lock``: of what we depend on, hardly anything."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    ours = {re.split(r"[\[>=<; ]", one)[0].lower() for one in project["dependencies"]}
    theirs = re.findall(r"(?m)^([a-z0-9-]+)==", (ROOT / "requirements-flink.lock").read_text())
    lacking = [name.replace("-", "_") for name in sorted(ours - set(theirs))]
    assert {"structlog", "prometheus_client", "pydantic"} <= set(lacking)
    words = [sys.executable, "-c", WITHOUT, "energyguard.domains.charging.engines.keys", *lacking]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
