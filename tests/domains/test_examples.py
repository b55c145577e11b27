"""The examples of the Python API run as they are."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from energyguard.log import open_log
from energyguard.model.alerts import State
from tests.service.made import alert_event, raise_alerts

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("script", "said"),
    [("evening.py", "H002 until 17:00:15: 2.043 kWh"), ("own_meter.py", "12:30 cellar 1.27 kWh")],
)
def test_an_example_runs(script: str, said: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "examples" / script, tmp_path],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert said in done.stdout.splitlines()


def test_the_alerts_of_a_folder_until_ctrl_c(tmp_path: Path) -> None:
    with closing(open_log(f"sqlite:///{tmp_path}/log.db")) as log:
        raise_alerts(log, alert_event(), alert_event(state=State.RESOLVED, at_s=90))
    command = [sys.executable, "-u", str(ROOT / "examples" / "alerts.py"), str(tmp_path)]
    running = subprocess.Popen(
        command, env=os.environ | {"PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, text=True
    )
    assert running.stdout is not None
    said = [running.stdout.readline() for _ in range(2)]
    running.send_signal(signal.SIGINT)
    assert running.wait(20) == 0
    sentence = "H017 passed 2.0 kWh in 15 minutes (2.31 kWh)\n"
    assert said == [f"firing   {sentence}", f"resolved {sentence}"]


def test_every_example_is_said_how_to_run() -> None:
    for script in (ROOT / "examples").glob("*.py"):
        assert f"python examples/{script.name}" in script.read_text()
