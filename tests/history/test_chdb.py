"""The engine in process: folders of before, and an end while questions run."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from energyguard.errors import Unavailable
from energyguard.history.chdb import READERS, ChdbHistory
from tests.waiting import until

LONG = "SELECT count() FROM numbers(1000000000000) WHERE cityHash64(number) % 7 = 1"
THREADS = "SELECT getSetting('max_threads') AS threads"
_RUNNING = "SELECT count() FROM system.processes WHERE query LIKE 'SELECT count() FROM numbers%'"
_MADE = "SELECT engine_full FROM system.tables WHERE name = 'rollup_15m'"


def test_questions_let_roll_ups_ask_and_end_with_the_history_which_then_has_new_settings(
    tmp_path: Path,
) -> None:
    history = ChdbHistory(tmp_path)
    assert history.answer(THREADS, {}).to_pylist() == [{"threads": 1}]  # two were seen to hang
    assert history.ask(THREADS, "TSV", {}) == b"2\n"
    history.execute("ALTER TABLE rollup_15m RESET SETTING min_age_to_force_merge_seconds")
    with ThreadPoolExecutor() as threads:
        asked = [threads.submit(history.ask, LONG, "TSV", {}) for _ in range(READERS + 2)]
        until(lambda: int(history.run(_RUNNING, "TSV")) == READERS)
        assert history.answer("SELECT 1 AS found", {}).to_pylist() == [{"found": 1}]
        history.close()
        ends = [question.exception() for question in asked]
    assert all(isinstance(end, Unavailable) for end in ends)
    assert sorted("cancelled" in str(end) for end in ends) == [False] * 2 + [True] * READERS
    history.close()  # once more changes nothing
    again = ChdbHistory(tmp_path)
    assert b"min_age_to_force_merge_seconds = 3600" in again.run(_MADE, "TSV")
    again.close()
