"""A real process that serves, and raw connections to it."""

from __future__ import annotations

import json
import resource
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

PATIENCE_S = 90.0  # generous: only so that a fault does not hang


class Served(NamedTuple):
    """Where a process listens."""

    process: subprocess.Popen[bytes]
    port: int
    login: str
    said: Path

    def log(self) -> str:
        return self.said.read_text()


@contextmanager
def serving(data_dir: Path, *settings: str, files: int | None = None) -> Iterator[Served]:
    """The role `serve` in a process that may open so many files."""
    command = [sys.executable, "-m", "energyguard", "role", "serve", "--data-dir", str(data_dir)]
    for setting in ("serve.port=0", *settings):
        command += ["--set", setting]

    def limited() -> None:
        if files is not None:
            resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))

    said = data_dir.parent / "said.log"
    card = data_dir / "run" / "serve.json"
    with said.open("ab") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, preexec_fn=limited)
    try:
        end = time.monotonic() + PATIENCE_S
        while not card.exists():
            assert process.poll() is None, said.read_text()
            assert time.monotonic() < end, "it never listened"
            time.sleep(0.05)
        told = json.loads(card.read_text())
        yield Served(process, int(told["url"].rsplit(":", 1)[1].strip("/")), told["login"], said)
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(15)
        process.kill()
        process.wait()


def connect(port: int, timeout_s: float = PATIENCE_S) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout_s)


@contextmanager
def many(port: int, number: int, first: bytes = b"") -> Iterator[list[socket.socket]]:
    """So many connections that say only this, and then nothing."""
    with ExitStack() as stack:
        opened = []
        for _ in range(number):
            one = stack.enter_context(connect(port))
            with suppress(OSError):
                one.sendall(first)
            opened.append(one)
        yield opened


def exchange(port: int, sent: bytes) -> bytes:
    """Everything that comes back until the other side hangs up."""
    with connect(port) as one:
        with suppress(ConnectionResetError, BrokenPipeError):
            one.sendall(sent)
        return rest(one)


def rest(one: socket.socket) -> bytes:
    """All that still comes; the end of the connection ends it, however it comes."""
    came = bytearray()
    with suppress(ConnectionResetError):
        while part := one.recv(65_536):
            came += part
    return bytes(came)


def is_closed(one: socket.socket) -> bool:
    """Whether the other side has hung up."""
    one.settimeout(0.01)
    try:
        return one.recv(1) == b""
    except TimeoutError:
        return False
    except OSError:
        return True
