"""How soon an alert can be read from Kafka: from the crossing message to its episode.

    python -m benchmarks.kafka_latency --seconds 60 --rate 20000

Open loop: messages of one reading, sent at fixed times whether or not the system keeps up; the
clock of a crossing starts when its message was *due*. Broker, worker, sender and reader share the
cores; the worker commits exactly once, and the reader sees only what is committed.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import threading
import time
import uuid
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from confluent_kafka import Consumer, Producer, TopicPartition

from benchmarks.messages import SHAPES, START, TICK, make_topics
from benchmarks.roles import running
from deploy.kafka.brokers import Cluster
from energyguard.model.topics import ALERTS, ENERGY_READINGS

BATCH = 20
HOMES = 1_000
CROSSINGS_A_SECOND = 5
WARM_S = 20.0  # crossings before this are not counted: a broker just started compiles its code


class Reader(threading.Thread):
    """Reads alert events and notes when each device's first one came."""

    def __init__(self, bootstrap: str) -> None:
        super().__init__(daemon=True)
        self.came: dict[str, float] = {}
        self.stop = threading.Event()
        self._consumer = Consumer(
            {
                "bootstrap.servers": bootstrap,
                "group.id": uuid.uuid4().hex,
                "auto.offset.reset": "earliest",
                "isolation.level": "read_committed",
                "fetch.wait.max.ms": 10,
                "log_level": 0,
            }
        )
        self._consumer.assign([TopicPartition(ALERTS.name, n, 0) for n in range(ALERTS.partitions)])

    def run(self) -> None:
        """Until told to stop."""
        while not self.stop.is_set():
            message = self._consumer.poll(0.2)
            if message is not None and not message.error():
                now = time.perf_counter()
                self.came.setdefault(json.loads(message.value() or b"{}")["device"], now)
        self._consumer.close()


def send(bootstrap: str, seconds: float, rate: float) -> dict[str, float]:
    """Produce on schedule; give for each crossing device when its message was due."""
    producer = Producer(
        {
            "bootstrap.servers": bootstrap,
            "enable.idempotence": True,
            "compression.type": "lz4",
            "queue.buffering.max.messages": 2_000_000,
            "log_level": 0,
        }
    )
    names = [f"H{home:04d}" for home in range(HOMES)]
    every = max(1, int(rate / BATCH / CROSSINGS_A_SECOND))
    due: dict[str, float] = {}
    start = time.perf_counter()
    for i in range(int(seconds * rate / BATCH)):
        when = start + i * BATCH / rate
        if (wait := when - time.perf_counter()) > 0:
            time.sleep(wait)
        for number in range(i * BATCH, (i + 1) * BATCH):
            tick, home = divmod(number, HOMES)
            name, kwh = names[home], "0.00500"
            if i % every == every - 1 and number % BATCH == 0:
                name, kwh = f"X{i:07d}", "3.00000"
                if when - start > WARM_S:
                    due[name] = when
            said = (START + tick * TICK).strftime("%Y-%m-%dT%H:%M:%SZ")
            message = SHAPES["csv"].format(time=said, home=name, kwh=kwh)
            producer.produce(ENERGY_READINGS.name, message, key=name.encode())
        producer.poll(0)
    producer.flush(60)
    return due


def main(seconds: float, rate: float) -> None:
    """One run; prints the percentiles."""
    with tempfile.TemporaryDirectory() as name, Cluster(Path(name) / "broker") as broker:
        make_topics(broker.bootstrap, ENERGY_READINGS, ALERTS)
        url = f"log.url=kafka://{broker.bootstrap}"
        sender = ProcessPoolExecutor(1, get_context("spawn"))
        with sender, running(Path(name), ("worker",), url):
            reader = Reader(broker.bootstrap)
            reader.start()
            due = sender.submit(send, broker.bootstrap, seconds, rate).result()
            until = time.perf_counter() + 10
            while due.keys() - reader.came.keys() and time.perf_counter() < until:
                time.sleep(0.05)
            reader.stop.set()
            reader.join()
    took = np.array([reader.came[d] - t for d, t in due.items() if d in reader.came]) * 1000
    print(f"{rate:,.0f} messages/s, {len(due)} crossings, {len(took)} came")
    for percent in (50, 90, 99, 100):
        print(f"p{percent:<4} {np.percentile(took, percent):8.1f} ms")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--rate", type=float, default=20_000, help="messages a second")
    options = parser.parse_args()
    main(options.seconds, options.rate)
