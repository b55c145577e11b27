"""Which sums wait, by what lies in the log."""

from __future__ import annotations

from energyguard.log import TopicPartition
from energyguard.model.topics import STATE, WINDOW_TERMS
from energyguard.pipeline import SUMS
from energyguard.records.state import Manifest
from energyguard.service.sum_waits import waiting_sums
from energyguard.stream.runtime.checkpoint import snapshot_records
from energyguard.testing import MemoryLog


def test_a_snapshot_that_cannot_be_read_is_passed_over() -> None:
    log = MemoryLog()
    at = TopicPartition(WINDOW_TERMS.name, 0)
    of_another_version = {"rules": b"[]", "sums": b'{"total": 1}'}
    manifest = Manifest(position=0, decided=-1)
    log.append(STATE.name, snapshot_records(SUMS.name, at, manifest, of_another_version))
    assert list(waiting_sums(log)) == []
