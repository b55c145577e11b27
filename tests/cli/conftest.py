"""A terminal: commands in, exit code and both outputs back."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from energyguard.cli.commands import main


@dataclass(frozen=True)
class Said:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def rows(self) -> list[Any]:
        return [json.loads(line) for line in self.out.splitlines()]


Terminal = Callable[..., Said]


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def terminal(
    data_dir: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Terminal:
    """Run commands on a data folder of the test's own."""
    monkeypatch.setenv("ENERGYGUARD_DATA_DIR", str(data_dir))
    monkeypatch.chdir(data_dir.parent)
    monkeypatch.setattr("energyguard.telemetry.set_up_logging", lambda level, role: None)

    def run(*words: object) -> Said:
        code = main([str(word) for word in words])
        out, err = capfd.readouterr()
        return Said(code, out, err)

    return run
