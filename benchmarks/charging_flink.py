"""Chargers on Flink beside the embedded operator: the same signals, the same records, signals/s.

    python -m benchmarks.charging_flink
    python -m benchmarks.charging_flink --signals 200000 --chargers 1000 --state rocksdb

The signals lie in a Kafka on these cores. Flink runs over an eighth of them, and over all; *steady*
is what the rest took. Beside it, in this process and without Kafka: bytes of JSON to signals,
signals to what comes of them, that to the bytes of the four results.
"""

from __future__ import annotations

import argparse
import tempfile
import time
import uuid
from collections import Counter
from pathlib import Path

from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from benchmarks.charging import AT_ONCE, messages
from deploy.kafka.brokers import Cluster
from energyguard.domains.charging import codec as wire
from energyguard.domains.charging.engines.flink import RESULTS, ChargingJob, run
from energyguard.domains.charging.model import ParkingLimits, partition_of
from energyguard.domains.charging.offline import ResultTopic, records
from energyguard.domains.charging.sessions.operator import SessionOperator
from energyguard.stream.engines.job import StateStore

PARTITIONS = 4
PART = 8
ANSWER_S = 60.0
Found = Counter[tuple[str, bytes]]


def embedded(texts: list[bytes]) -> tuple[float, Found]:
    """Seconds, and the records by topic, of our own operator."""
    sessions, limits = SessionOperator(), ParkingLimits()
    found: Found = Counter()
    took = 0.0
    for start in range(0, len(texts) + AT_ONCE, AT_ONCE):
        some = texts[start : start + AT_ONCE]
        began = time.perf_counter()
        told = [wire.signal(text) for text in some]
        outcomes = sessions.process(told) if told else sessions.end()
        each = {one: list(records(outcomes, one, limits)) for one in ResultTopic}
        took += time.perf_counter() - began
        for output, values in each.items():
            found.update((output.value, value) for value in values)
    return took, found


def fill(bootstrap: str, texts: list[bytes], prefix: str) -> ChargingJob:
    """Topics of a run's own, with the signals in."""
    admin = AdminClient({"bootstrap.servers": bootstrap})
    signals, letters = f"{prefix}.signals", f"{prefix}.letters"
    results = tuple(f"{prefix}.{name}" for name in RESULTS)
    new = [NewTopic(name, PARTITIONS, 1) for name in (signals, letters, *results)]
    for made in admin.create_topics(new).values():
        made.result(ANSWER_S)
    in_order = {"enable.idempotence": True}  # a topic is new, and what is sent again comes late
    room = {"queue.buffering.max.messages": 10**6}
    producer = Producer({"bootstrap.servers": bootstrap} | in_order | room)
    for text in texts:
        charger = wire.signal(text).charger
        at = partition_of(charger, PARTITIONS) or 0
        producer.produce(signals, text, key=charger, partition=at)
        producer.poll(0)
    assert producer.flush(ANSWER_S) == 0
    return ChargingJob(bootstrap=bootstrap, signals=signals, results=results, dead_letters=letters)


def written(job: ChargingJob) -> Found:
    """The records of all results that are committed."""
    found: Found = Counter()
    for name, topic in zip(RESULTS, job.results, strict=True):
        consumer = Consumer(
            {
                "bootstrap.servers": job.bootstrap,
                "group.id": uuid.uuid4().hex,
                "enable.partition.eof": True,
                "isolation.level": "read_committed",
            }
        )
        consumer.assign([TopicPartition(topic, n, 0) for n in range(PARTITIONS)])
        ends = 0
        while ends < PARTITIONS:
            for message in consumer.consume(10_000, 1.0):
                if message.error():
                    ends += 1
                else:
                    found[name, message.value() or b""] += 1
        consumer.close()
    return found


def flink(bootstrap: str, texts: list[bytes], folder: Path, state: StateStore) -> float:
    """Seconds of a run over these signals, from the start of the process to its end."""
    job = fill(bootstrap, texts, f"n{len(texts)}")
    options = {"checkpoint": folder / str(len(texts)), "state": state}
    job = ChargingJob(
        bootstrap=bootstrap,
        signals=job.signals,
        results=job.results,
        dead_letters=job.dead_letters,
        **options,  # type: ignore[arg-type]
    )
    began = time.perf_counter()
    if run(job, once=True):
        raise SystemExit("Flink did not come to its end")
    took = time.perf_counter() - began
    if written(job) != embedded(texts)[1]:
        raise SystemExit(f"{len(texts):,} signals: Flink's records differ")
    return took


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--signals", type=int, default=200_000)
    parser.add_argument("--chargers", type=int, default=1_000)
    parser.add_argument("--state", type=StateStore, default=StateStore.HEAP, choices=StateStore)
    options = parser.parse_args()
    texts = messages(options.chargers, options.signals)
    ours, found = embedded(texts)
    with tempfile.TemporaryDirectory() as folder, Cluster(Path(folder) / "broker") as broker:
        some = texts[: len(texts) // PART]
        short = flink(broker.bootstrap, some, Path(folder), options.state)
        whole = flink(broker.bootstrap, texts, Path(folder), options.state)
    rate, all_, steady = (
        n / s
        for n, s in (
            (len(texts), ours),
            (len(texts), whole),
            (len(texts) - len(some), whole - short),
        )
    )
    print(f"{len(texts):,} signals of {options.chargers:,} chargers, {found.total():,} records")
    print(f"embedded operator, one core: {rate:,.0f} signals/s")
    print(f"Flink, {options.state}, two tasks: {steady:,.0f} signals/s steady, {all_:,.0f} in all")
    print(f"the embedded operator is {rate / steady:.1f}x of steady, {rate / all_:.1f}x of all")


if __name__ == "__main__":
    main()
