"""The examples of the Python API run as they are."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

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


def test_every_example_is_said_how_to_run() -> None:
    for script in (ROOT / "examples").glob("*.py"):
        assert f"python examples/{script.name}" in script.read_text()
