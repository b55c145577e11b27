"""Topics on a real Kafka that an older version has written are gone on with by this one.

State, decisions about time, and positions are the older one's: half the inputs are read by its
processes, the rest by today's, and all outputs are what one process had written.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from tests.golden import inputs, older, product, store
from tests.golden.folder import by_key
from tests.golden.kafkalog import KafkaWatch
from tests.golden.logfile import Message, Stored
from tests.golden.scenarios import HOUSEHOLD
from tests.waiting import until

if TYPE_CHECKING:
    from deploy.kafka.brokers import Cluster

SIGNALS: Final = "charger-station-signals"
READS: Final[Mapping[str, str]] = {"worker": "energy_readings", "sessions": SIGNALS}
ALERTS: Final = "energyguard.alerts"
SESSIONS: Final = ("full-sessions", "transaction-profit", "violations", "total-occupied")
OUTPUTS: Final = ("energy_alerts", ALERTS, *SESSIONS)
KEPT: Final = ("energyguard.state", "energyguard.time")
STAY: Final = re.compile(rb"^(charger-\d+/\d+)/\d+")
LIFE: Final = ("id", "rule", "device", "state", "since_ms")


@pytest.fixture
def log(kafka: Cluster) -> Iterator[KafkaWatch]:
    with closing(KafkaWatch(kafka.bootstrap, OUTPUTS)) as watch:
        yield watch


def _halves(messages: Sequence[Message]) -> tuple[Sequence[Message], Sequence[Message]]:
    middle = len(messages) // 2
    return messages[:middle], messages[middle:]


def _play(log: KafkaWatch, folder: Path, put: Callable[[], None], url: str, package: Path) -> None:
    """Both roles of a version, until they have read what is put."""
    settings = (*HOUSEHOLD, f"log.url={url}")
    with ExitStack() as running:
        for name in READS:
            running.enter_context(product.role(name, folder, *settings, package=package))
        until(lambda: len({at.topic for at in log.places(READS.values())}) == len(READS))
        put()
        for group, topic in READS.items():
            until(lambda: log.is_read(group, topic))  # noqa: B023
        product.wait_until_quiet(log)


def _unnumbered(one: Stored) -> Stored:
    """An output whose stay has no number: an older version counted a charger's, today's a start's.

    Nor has it a time of append, nor what an older version did not say of bills.
    """
    headers = [
        (name, STAY.sub(rb"\1", value)) for name, value in one.headers if name not in older.BILLS
    ]
    return one._replace(at_ms=0, headers=tuple(headers))


def _shown(found: Sequence[Stored]) -> list[str]:
    """Outputs without offsets and times of append; of alerts who fired since when, and the end.

    Without what an older version counts otherwise (``older.SLOW``, ``older.STAYS``).
    """
    found = [one for one in found if not (one.key or b"").startswith(older.SLOW)]
    of_signals = ("topic", SIGNALS.encode())
    mine = by_key(
        [
            one
            for one in found
            if one.topic == "energy_alerts"
            or (one.topic in SESSIONS and of_signals in one.headers)  # not those of a region
        ]
    )
    plain = [
        store.record_line(one)
        for one in map(_unnumbered, mine)
        if not dict(one.headers)["id"].startswith(older.STAYS)
    ]
    alerts = by_key([one for one in found if one.topic == ALERTS])
    lives = (tuple(map(json.loads(one.value or b"").get, LIFE)) for one in alerts)
    return [*plain, *map(store.line, dict.fromkeys(lives))]


@pytest.mark.slow  # two minutes; the quick one goes on with a folder of today, test_folder.py
def test_topics_of_an_older_version_go_on(kafka: Cluster, log: KafkaWatch, tmp_path: Path) -> None:
    rows = inputs.clean()
    middle = len(rows) // 2
    readings = _halves([*inputs.csv(rows[:middle]), *inputs.json(rows[middle:])])
    signals = _halves(inputs.signals(store.kept("inputs/signals.jsonl")))
    old, url = older.package(tmp_path / "old"), f"kafka://{kafka.bootstrap}"
    for number, package in enumerate((old, product.ROOT)):

        def put(number: int = number) -> None:
            log.put(READS["worker"], readings[number], product.NOW_MS - 60_000)
            log.put(SIGNALS, signals[number], product.NOW_MS - 60_000)

        _play(log, tmp_path / "data", put, url, package)
        if package == old:
            assert {one.topic for one in log.records(KEPT)} == set(KEPT), "there is what goes on"
    found = log.records(OUTPUTS)
    golden = [
        store.stored(line)
        for name in ("clean", "charging")
        for line in store.kept(f"topics/{name}.jsonl").decode().splitlines()
    ]
    ours, theirs = (store.text_of(_shown(every)) for every in (found, golden))
    assert store.differences(ours, theirs) == []
