"""How fast messages of a broker are taken: messages a second by one core, durable in the log.

    python -m benchmarks.mqtt --messages 40000

The bytes of a broker's packets, as they wait at a session, become readings in a log on disk and
acknowledgements, batch by batch: packets, arrivals, dialect, border, log. The socket and the
broker's own work are left out. The figure is the median of the processor's time of ``--runs``.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from zoneinfo import ZoneInfo

from energyguard.clock import SYSTEM
from energyguard.dialects.mapping import NameMapping
from energyguard.intake.gateway import Gateway
from energyguard.log import open_log
from energyguard.mqtt.arrivals import MessageArrivals
from energyguard.mqtt.connection import MESSAGES_AT_ONCE
from energyguard.mqtt.packets import PacketReader, Publish, acknowledge
from energyguard.mqtt.registry import dialects_of
from energyguard.mqtt.taker import MessageTaker
from energyguard.settings.tree import WireSettings

PLUGS = 1_000
PERIOD_S = 10
BEGIN_S = int(time.time()) - 3_600
PIECE = 2**18


def tasmota(number: int) -> tuple[str, bytes]:
    """A plug's telemetry: four readings."""
    at = time.gmtime(BEGIN_S + number // PLUGS * PERIOD_S)
    return f"tele/plug{number % PLUGS}/SENSOR", (
        b'{"Time":"%s","ENERGY":{"TotalStartTime":"2024-03-01T08:00:00",'
        b'"Total":%d.567,"Yesterday":4.2,"Today":1.3,"Power":%d,"ApparentPower":1862,'
        b'"ReactivePower":212,"Factor":0.99,"Voltage":231,"Current":8.06}}'
    ) % (time.strftime("%Y-%m-%dT%H:%M:%S", at).encode(), number // PLUGS, number % 3_000)


def shelly(number: int) -> tuple[str, bytes]:
    """A switch's notification: two readings."""
    return f"shellyplus1pm-{number % PLUGS:06x}/events/rpc", (
        b'{"src":"x","dst":"y","method":"NotifyStatus","params":{"ts":%d.25,"switch:0":{"id":0,'
        b'"apower":%d.5,"aenergy":{"by_minute":[0.0,3083.3,3075.0],"minute_ts":1795860900,'
        b'"total":%d.502}}}}'
    ) % (BEGIN_S + number // PLUGS * PERIOD_S, number % 2_000, number)


def publish_packet(number: int, topic: str, payload: bytes, properties: bytes = b"") -> bytes:
    """A PUBLISH, at least once, of 128 bytes to 16 kB; MQTT 5 has ``properties``."""
    name = topic.encode()
    packet_id = (number % 65_535 + 1).to_bytes(2, "big")
    body = len(name).to_bytes(2, "big") + name + packet_id + properties + payload
    return bytes((0x32, len(body) % 128 | 128, len(body) // 128)) + body


def packets(make: Callable[[int], tuple[str, bytes]], count: int) -> bytes:
    """Messages as a broker hands them over, at least once."""
    return b"".join(publish_packet(number, *make(number), b"\0") for number in range(count))


def taken(data: bytes, folder: Path) -> int:
    """Take all of it into a log of this folder; gives how many bytes of acknowledgements."""
    reader, size = PacketReader(), 0
    with (
        closing(open_log(f"sqlite:///{folder / 'log.db'}", SYSTEM)) as log,
        closing(MessageArrivals(folder / "arrivals", SYSTEM)) as arrivals,
    ):
        taker = MessageTaker(
            dialects_of(ZoneInfo("UTC")), NameMapping, Gateway(log), WireSettings()
        )
        batch: list[Publish] = []
        for at in range(0, len(data), PIECE):
            batch += [p for p in reader.packets(data[at : at + PIECE]) if isinstance(p, Publish)]
            if len(batch) >= MESSAGES_AT_ONCE or at + PIECE >= len(data):
                taker.take(arrivals.of(batch))
                size += len(acknowledge(message.packet_id for message in batch))
                batch = []
    return size


def main(count: int, runs: int) -> None:
    """Prints a line per dialect."""
    for make in (tasmota, shelly):
        data, rates = packets(make, count), list[tuple[float, float]]()
        for _ in range(runs):
            with tempfile.TemporaryDirectory() as folder:
                began, cpu = time.perf_counter(), time.process_time()
                assert taken(data, Path(folder)) == 4 * count
                wall_s, cpu_s = time.perf_counter() - began, time.process_time() - cpu
            rates.append((count / cpu_s, count / wall_s))
        by_cpu, by_wall = (statistics.median(found) for found in zip(*rates, strict=True))
        print(
            f"{make.__name__:8} {by_cpu / 1e3:6.1f} k messages/s of a processor, "
            f"{by_wall / 1e3:6.1f} k/s by the clock"
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=40_000)
    parser.add_argument("--runs", type=int, default=3)
    given = parser.parse_args()
    main(given.messages, given.runs)
