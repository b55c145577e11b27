"""When messages came that give no time of their own: kept, so that a repeat has the same time.

A message that the log has, and whose acknowledgement was lost, comes again. Its readings are the
same ones only if they have the same time. So the arrival of each message is on disk before the log
has it, in the place of its packet id: 65,536 places of 16 bytes, of which the newest counts.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Final

import numpy as np

from energyguard.clock import Clock
from energyguard.durable.atomic import room_for
from energyguard.errors import Conflict
from energyguard.mqtt.dialect import MqttMessage
from energyguard.mqtt.packets import Publish

_PLACES: Final = 65_536
_PLACE: Final = np.dtype([("digest", "<u8"), ("time_ms", "<i8")])
_MAX_TOPICS: Final = 100_000


class MessageArrivals:
    """The arrivals of a session's messages. One process at a time has them.

    Args:
        path: the file; it is made where it is not there.
        clock: of arrivals.

    Raises:
        Conflict: another process takes this session's messages.
        DiskFull: there is no room for the file.
    """

    def __init__(self, path: Path, clock: Clock) -> None:
        self._clock = clock
        self._newest: dict[str, int] = {}
        with room_for(path):
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                os.posix_fallocate(self._file, 0, _PLACES * _PLACE.itemsize)
            except BlockingIOError:
                os.close(self._file)
                raise Conflict(f"{path.parent}: another process takes its messages") from None
        self._places = np.memmap(path, _PLACE, "r+", shape=(_PLACES,))

    def of(self, published: Sequence[Publish]) -> list[MqttMessage]:
        """Messages with their arrivals, durable when this returns; a repeat has its first one."""
        now_ms, changed = self._clock.now_ms(), False
        found = []
        for message in published:
            topic, payload, packet_id, is_repeated, is_retained = message
            if not packet_id:
                found.append(MqttMessage(topic, payload, self._later(topic, now_ms), is_retained))
                continue
            digest = _digest(topic, payload)
            digest_before, time_ms = self._places[packet_id].item()
            if not (is_repeated and digest == digest_before):
                time_ms, changed = self._later(topic, now_ms), True
                self._places[packet_id] = digest, time_ms
            found.append(MqttMessage(topic, payload, time_ms, is_retained))
        if changed:
            self._places.flush()
        return found

    def close(self) -> None:
        """Let another process have them."""
        os.close(self._file)

    def _later(self, topic: str, now_ms: int) -> int:
        """An arrival after the topic's last one: two values of one moment contradict each other."""
        if len(self._newest) > _MAX_TOPICS:
            self._newest.clear()
        time_ms = max(now_ms, self._newest.get(topic, 0) + 1)
        self._newest[topic] = time_ms
        return time_ms


def _digest(topic: str, payload: bytes) -> int:
    made = blake2b(topic.encode(), digest_size=8)
    made.update(b"\0" + payload)
    return int.from_bytes(made.digest(), "little")
