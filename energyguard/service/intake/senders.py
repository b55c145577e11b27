"""The devices that ever sent: of the live projection, and of the history."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from threading import Lock, Thread

import pyarrow as pa

from energyguard.clock import Clock
from energyguard.errors import EnergyGuardError

AGAIN_S = 60.0
"""How long the history is not asked again after it did not answer."""


class Senders:
    """Devices as they become known, each with the topic to which it sends.

    The history is asked once, in the background: who sends later is seen live.

    Args:
        live: by topic the devices that came after the first so many, which it is given.
        query: asks the history.
        clock: when to ask it again.
    """

    def __init__(
        self,
        live: Callable[[Mapping[str, int]], Mapping[str, Sequence[str]]],
        query: Callable[..., pa.Table],
        clock: Clock,
    ) -> None:
        self._live, self._query, self._clock = live, query, clock
        self._lock = Lock()
        self._taken: dict[str, int] = {}
        self._past: list[tuple[str, str]] = []
        self._asking: Thread | None = None
        self._ask_at: float | None = clock.monotonic()

    def new(self, wait_s: float = 0.0) -> Iterator[tuple[str, str]]:
        """Devices that were not known at the last call, with their topics.

        Args:
            wait_s: how long to wait for the history, where it is still to be asked; 0: it is not.
        """
        if wait_s:
            self._ask(wait_s)
        with self._lock:
            past, self._past = self._past, []
            live = self._live(self._taken)
            for topic, devices in live.items():
                self._taken[topic] = self._taken.get(topic, 0) + len(devices)
        yield from past
        for topic, devices in live.items():
            yield from ((device, topic) for device in devices)

    def _ask(self, wait_s: float) -> None:
        with self._lock:
            if self._ask_at is not None and self._clock.monotonic() >= self._ask_at:
                self._ask_at = None
                self._asking = Thread(target=self._read_past, name="senders", daemon=True)
                self._asking.start()
            asking, self._asking = self._asking, None
        if asking is not None:
            asking.join(wait_s)

    def _read_past(self) -> None:
        try:
            rows = self._query("devices", device="").select(["device", "topic"]).to_pydict()
            found = list(zip(rows["device"], rows["topic"], strict=True))
        except EnergyGuardError:  # it is away; the lists say so already
            with self._lock:
                self._ask_at = self._clock.monotonic() + AGAIN_S
            return
        with self._lock:
            self._past += found
