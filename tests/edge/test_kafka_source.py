"""A real Kafka broker as the source of an edge."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from energyguard.clock import SYSTEM
from energyguard.edge.source import SourceFollower
from energyguard.log import open_log
from energyguard.log.sqlite.log import SqliteLog
from tests.edge.test_source import values, write

if TYPE_CHECKING:
    from deploy.kafka.brokers import Cluster


def test_what_is_on_kafka_is_taken_once(kafka: Cluster, tmp_path: Path) -> None:
    url = f"kafka://{kafka.bootstrap}"
    until = SYSTEM.monotonic() + 60
    with closing(open_log(url)) as source, closing(SqliteLog(tmp_path / "log.db")) as log:
        for written in (500, 510):
            write(source, len(values(log)), written - len(values(log)))
            follower = SourceFollower(source, log, url)
            while len(values(log)) < written and SYSTEM.monotonic() < until:
                follower.take(0.5)
            follower.leave()
        assert sorted(values(log)) == list(range(510))
