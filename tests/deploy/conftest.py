"""The compose files as Compose itself reads them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
COMPOSE = ROOT / "deploy" / "compose"
ONE, THREE = ("compose.yaml",), ("compose.yaml", "three-brokers.yaml")

SECRETS = {
    "GRAFANA_PASSWORD": "secret",
    "ENERGYGUARD_STORE_SECRET": "shared",
    "CLICKHOUSE_PASSWORD": "reads",
    "CLICKHOUSE_OPERATOR_PASSWORD": "sees",
}

Composed = Callable[..., dict[str, Any]]


def program(name: str, package: str) -> str:
    """A program of the development environment or of this machine; else the test is skipped."""
    found = shutil.which(
        name, path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    )
    if found is None:
        pytest.skip(f"no `{name}`: {package}")
    return found


def compose(files: tuple[str, ...], environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """What `docker compose config` says of these files with all profiles; it needs no daemon."""
    words = [word for name in files for word in ("--file", name)]
    return subprocess.run(
        [
            program("docker-compose", "make dev"),
            *words,
            "--env-file",
            os.devnull,
            "--profile",
            "*",
            "config",
            "--format",
            "json",
        ],
        cwd=COMPOSE,
        env={"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), **environ},
        capture_output=True,
        text=True,
    )


@pytest.fixture(scope="session")
def composed() -> Composed:
    """Files and variables to the whole configuration, interpolated and merged."""

    def read(files: tuple[str, ...] = ONE, **environ: str) -> dict[str, Any]:
        done = compose(files, {**SECRETS, **environ})
        assert done.returncode == 0, done.stderr
        found: dict[str, Any] = json.loads(done.stdout.replace("$$", "$"))  # it escapes anew
        return found

    return read
