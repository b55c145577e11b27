"""Meters that send to the API, each batch with a key, again and again until it is answered."""

from __future__ import annotations

import random
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime

import httpx

HOMES = 20
ENOUGH = 90  # batches of a sender, so that windows close
BEGIN_S = 86_400  # before now: a meter's clock must not be ahead of the wall clock
TICK_S = 10  # so little that no sender makes another's readings late


def free_port() -> int:
    """A port of loopback below those that the system gives to connections, now or meanwhile."""
    for port in random.SystemRandom().sample(range(22_500, 32_700), 200):
        with socket.socket() as taken, suppress(OSError):
            taken.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no free port")


class Meters(threading.Thread):
    """A sender with some homes of its own."""

    homes = HOMES

    def __init__(self, name: str, url: str) -> None:
        super().__init__(name=name)
        self._url, self._done = url, threading.Event()
        self._rng = random.Random(name)
        self._first_s = int(time.time()) - BEGIN_S
        self._batches: list[list[tuple[str, int, int]]] = []
        self._http = httpx.Client(trust_env=False, timeout=10.0)

    def run(self) -> None:
        while not self._done.wait(0.02):
            second = self._first_s + TICK_S * len(self._batches)
            batch = [
                (f"{self.name}{home}", second * 1000, self._rng.randrange(4_000_000, 14_000_000))
                for home in range(HOMES)
            ]
            number = len(self._batches)
            while not self._send(number, batch):  # also after stop: no answer is left open
                time.sleep(0.05)
            self._batches.append(batch)

    def _send(self, number: int, batch: list[tuple[str, int, int]]) -> bool:
        lines = [
            f"{datetime.fromtimestamp(ms // 1000, UTC):%Y-%m-%dT%H:%M:%SZ},{device},0.{nano:09d}"
            for device, ms, nano in batch
        ]
        body = "\n".join(("timestamp,household_id,energy_kwh", *lines))
        try:
            answer = self._http.post(
                self._url,
                content=body,
                headers={"content-type": "text/csv", "idempotency-key": f"{self.name}-{number}"},
            )
        except httpx.TransportError:
            return False
        assert answer.status_code in (200, 429, 503, 507), answer.text
        if answer.status_code == 200:
            assert answer.json()["accepted"] == len(batch), answer.text
        return answer.status_code == 200

    @property
    def batches(self) -> int:
        """How many were answered."""
        return len(self._batches)

    def stop(self) -> None:
        self._done.set()
        self.join()

    def send_all_again(self) -> None:
        """Every batch that was answered, with its key."""
        for number, batch in enumerate(self._batches):
            while not self._send(number, batch):
                time.sleep(0.05)

    def answered(self) -> Iterator[tuple[str, int, int]]:
        """Device, time and value of what the API said it has."""
        for batch in self._batches:
            yield from batch
