"""An engine's process ends with us, however we end."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

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
