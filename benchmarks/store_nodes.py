"""The store's processes for the benchmark: shards and a coordinator, each of its own."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

COORDINATOR = 8_190
FIRST_SHARD = 8_191


class Node:
    """A process that can be killed and started again."""

    def __init__(self, folder: Path, what: str, port: int, *more: str) -> None:
        self.port, self.url = port, f"http://127.0.0.1:{port}"
        self._log = folder.with_suffix(".log")
        self._command = [sys.executable, "-m", "energyguard", what, "--port", str(port)]
        self._command += ["--data-dir", str(folder), "--no-auth", *more]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; returns when it answers."""
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log)
        while b"ready: http" not in self._log.read_bytes():
            if self._process.poll() is not None:
                raise OSError(self._log.read_text())
            time.sleep(0.02)

    def kill(self) -> None:
        """End it at once, with kill -9."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


class Nodes:
    """Shards and a coordinator."""

    def __init__(self, folder: Path, strategy: str, copies: int) -> None:
        self.folder = folder
        self.shards = [Node(folder / f"s{i}", "shard", FIRST_SHARD + i) for i in range(3)]
        self.spare = Node(folder / "s3", "shard", FIRST_SHARD + 3)
        names = ",".join(node.url for node in self.shards)
        layout = ("--nodes", names, "--strategy", strategy, "--copies", str(copies))
        self.coordinator = Node(folder / "coordinator", "coordinator", COORDINATOR, *layout)

    @property
    def urls(self) -> list[str]:
        """Of the three shards."""
        return [node.url for node in self.shards]


@contextmanager
def running(folder: Path, strategy: str = "consistent", copies: int = 3) -> Iterator[Nodes]:
    """Three shards and a coordinator."""
    nodes = Nodes(folder, strategy, copies)
    try:
        for node in (*nodes.shards, nodes.coordinator):
            node.start()
        yield nodes
    finally:
        for node in (nodes.coordinator, *nodes.shards, nodes.spare):
            node.kill()
