"""A rule as Flink SQL: what stands in the text, what is refused, and what is missing is said.

That Flink writes the same records as we do is held by ``tests/parity``.
"""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from energyguard.detect.book import open_book
from energyguard.errors import ConfigError, Unavailable
from energyguard.stream.engines import flink
from energyguard.stream.engines.job import Emit, Job, Policy, Shape
from tests.parity.test_parity import DEMO


def job_of(folder: Path) -> Job:
    return Job(rule=open_book((), ()).get(DEMO), bootstrap="broker:9092", checkpoint=folder)


def test_a_job_has_only_what_it_needs(tmp_path: Path) -> None:
    whole = flink.emit(job_of(tmp_path))
    bare = msgspec.structs.replace(job_of(tmp_path), dead_letters="", duplicates=Policy.COUNT)
    assert "ROW_NUMBER" in whole and "dead_letters" in whole and "$" not in whole.split("ts AS")[0]
    text = flink.emit(bare)
    assert "ROW_NUMBER" not in text and "dead_letters" not in text and "state.ttl" not in text
    assert "JSON_VALUE" in flink.emit(msgspec.structs.replace(bare, shape=Shape.JSON))


def test_words_cannot_break_out_of_their_quotes(tmp_path: Path) -> None:
    job = msgspec.structs.replace(job_of(tmp_path), readings="o'brien", properties={"a": "b'c"})
    text = flink.emit(job)
    assert "'topic' = 'o''brien'" in text
    assert text.count("'properties.a' = 'b''c'") == 3  # the source and both sinks


def test_jobs_that_cannot_share_state_have_folders_of_their_own(tmp_path: Path) -> None:
    job = job_of(tmp_path)
    rule = msgspec.structs.replace(job.rule, raise_above=1)
    assert flink.state_folder(msgspec.structs.replace(job, rule=rule)) == flink.state_folder(job)
    other = msgspec.structs.replace(job, duplicates=Policy.COUNT)
    assert flink.state_folder(other) != flink.state_folder(job)


def test_what_flink_cannot_express_is_refused(tmp_path: Path) -> None:
    job = msgspec.structs.replace(job_of(tmp_path), emit=Emit.AS_SOON_AS_SURE)
    with pytest.raises(ConfigError, match="flink: emit 'as soon as sure'"):
        flink.emit(job)
    with pytest.raises(ConfigError, match="flink: a length of time of 100 days"):
        flink.emit(msgspec.structs.replace(job_of(tmp_path), lateness_ms=100 * 86_400_000))


def test_one_rule_relieves_another_at_an_instant(tmp_path: Path) -> None:
    job = msgspec.structs.replace(job_of(tmp_path), after_ms=1_757_181_600_000)
    assert "AND window_end > TIMESTAMP '2025-09-06 18:00:00.000';" in flink.emit(job)
    job = msgspec.structs.replace(job_of(tmp_path), until_ms=1_757_181_600_000)
    assert "AND window_end <= TIMESTAMP '2025-09-06 18:00:00.000';" in flink.emit(job)


def test_missing_parts_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if flink.PYTHON.exists():
        with pytest.raises(Unavailable, match="no jars for flink"):
            flink.run(job_of(tmp_path), once=True, jars=tmp_path)
    monkeypatch.setattr(flink, "PYTHON", tmp_path / "nothing")
    with pytest.raises(Unavailable, match="make engines"):
        flink.run(job_of(tmp_path), once=True)
