"""A megabyte of garbage on every input: counted, kept, answered, never a traceback."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from energyguard.cli.commands import main
from energyguard.log import LATEST, Log, Records, open_log
from energyguard.model.topics import DEAD_LETTERS, ENERGY_READINGS
from energyguard.node import open_log as log_of
from energyguard.node import open_service
from energyguard.settings.tree import Settings
from tests.e2e.garbage import GARBAGE, POISON
from tests.e2e.meters import free_port
from tests.e2e.processes import HOMES, Load, answers, roles, wait_for_worker
from tests.e2e.undisturbed import fetched, progress, rows
from tests.waiting import until

CONTENT_TYPES = (
    "text/csv",
    "application/x-ndjson",
    "application/json",
    "application/vnd.apache.arrow.stream",
    "application/x-www-form-urlencoded",
)
KINDS = pytest.mark.parametrize("kind", GARBAGE)


@pytest.mark.slow  # each way in by itself: tests/hostile
def test_on_the_running_system(tmp_path: Path) -> None:
    """Over HTTP in every content type, and as records where readings should be."""
    data_dir, port = tmp_path / "data", free_port()
    url = f"http://127.0.0.1:{port}"
    log = open_log(f"sqlite:///{data_dir / 'log.db'}")
    load = Load(log)
    poison = [GARBAGE[kind] for kind in POISON]
    where = range(len(POISON))
    with roles(data_dir, "worker", "history", "serve", more=(f"serve.port={port}",)) as started:
        until(lambda: answers(url))
        load.start()
        log.append(ENERGY_READINGS.name, Records([None] * len(poison), poison, partitions=where))
        for number, body in enumerate(GARBAGE.values()):
            kind = CONTENT_TYPES[number % len(CONTENT_TYPES)]
            before = counted(log)
            answer = httpx.post(
                f"{url}/api/v1/readings",
                content=body,
                headers={"content-type": kind},
                trust_env=False,
                timeout=60.0,
            )
            told = answer.json()
            assert answer.status_code == 200, (kind, answer.text[:300])
            refused = told["malformed"] + told["out_of_range"]
            assert told["accepted"] == 0 and refused > 0, (kind, answer.text[:300])
            assert counted(log) >= before + refused
        load.stop()
        wait_for_worker(log)
        assert poison_letters(log) == len(poison)
        ready = httpx.get(f"{url}/readyz", trust_env=False, timeout=60.0)
        assert ready.status_code == 200, ready.text
        quality = httpx.get(f"{url}/api/v1/quality", trust_env=False, timeout=60.0)
        assert quality.status_code == 200
        for one in started:
            one.stop()
    assert +progress(log, ENERGY_READINGS.name) == {"accepted": load.ticks * HOMES}
    kept = [value for part in rows(log, DEAD_LETTERS.name).values() for _, value, _ in part]
    assert {*poison} <= {*kept}, "the original bytes are there"
    log.close()


def letters(log: Log) -> int:
    return sum(log.positions(DEAD_LETTERS.name, LATEST).values())


def counted(log: Log) -> int:
    """How many rows the dead letters stand for: the rest of a body is one letter with its count."""
    headers = [dict(one) for part in fetched(log, DEAD_LETTERS.name) for one in part.headers]
    return sum(int(one.get("rows", 1)) for one in headers)


def poison_letters(log: Log) -> int:
    """How many records of readings became dead letters."""
    headers = [dict(one) for part in fetched(log, DEAD_LETTERS.name) for one in part.headers]
    return sum(one["source"].startswith(ENERGY_READINGS.name.encode()) for one in headers)


@KINDS
def test_in_files(
    kind: str, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`evaluate`, `replay`, `check rules` and settings, each with a file of garbage."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "garbage.csv"
    path.write_bytes(GARBAGE[kind])
    data_dir = ("--data-dir", str(tmp_path / "data"))

    def said(*words: str) -> tuple[int, str]:
        code = main([*words, *data_dir])
        out, err = capfd.readouterr()
        assert "Traceback" not in out + err
        assert "unexpected" not in err, err[:500]
        return code, out + err

    code, text = said("evaluate", "--rule", "household-prod", str(path))
    assert code in (0, 3), text[:500]
    assert "refused" in text or "malformed" in text
    code, text = said("replay", "--keep-time", str(path))
    assert code in (0, 3), text[:500]
    code, text = said("check", "rules", str(path))
    assert code == 2 and str(path) in text, text[:500]
    monkeypatch.setenv("ENERGYGUARD_CONFIG", str(path))
    code, text = said("config", "show")
    assert code == 2 and str(path) in text, text[:500]


def test_dead_letters_of_garbage_once_more(tmp_path: Path) -> None:
    """What is still bad when it is replayed becomes a new letter."""
    settings = Settings(data_dir=tmp_path)
    with open_service(settings) as service:
        body = GARBAGE["one long line"]
        first = service.take_readings(body, None, "api", None)
        again = service.replay_dead_letters(None, None)
        assert again.accepted == first.accepted == 0
        assert again.malformed == first.malformed == 1
    with log_of(settings) as log:
        assert letters(log) == 2
