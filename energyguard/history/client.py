"""The same questions through the door: for page, API and CLI, in whatever process they are."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pyarrow as pa

from energyguard.errors import (
    Conflict,
    EnergyGuardError,
    Malformed,
    Overloaded,
    TimedOut,
    Unavailable,
)
from energyguard.history.query import query_named
from energyguard.history.row_filter import ONLY
from energyguard.limits import ANSWER_S, QUESTION_S

CARD = Path("run") / "history.json"
_RETRY_S = 2.0


class HistoryClient:
    """Asks the role `history`; finds address and password on its card. Thread-safe."""

    def __init__(self, data_dir: Path, timeout: float = ANSWER_S + 3.0) -> None:
        """Ask the history of a data folder. The role need not run yet: each question looks."""
        self._card = data_dir / CARD
        self._seen: bytes = b""
        self._url = ""
        self._auth = ("", "")
        self._http = httpx.Client(timeout=timeout, trust_env=False)

    def insert(self, table: str, rows: pa.Table) -> None:
        """Refuse: the role `history` alone writes.

        Raises:
            Conflict: always.
        """
        raise Conflict(f"history: {rows.num_rows} rows for {table}: only its role inserts")

    def query(self, name: str, **parameters: object) -> pa.Table:
        """Answer ``queries/<name>.sql``.

        Of some devices alone the role `history` is told the name of the question and makes the text
        itself: a statement that changes settings it takes from nobody. So it is of what the service
        fills in, which may be longer than an address.
        """
        question = query_named(name)
        sql, bound = question.bind(parameters)
        if ONLY in parameters or question.named("filled"):
            answer = self._ask(json.dumps(parameters), {"question": name})
        else:
            answer = self._ask(sql, {f"param_{k}": v for k, v in bound.items()})
        return question.answered(pa.ipc.open_file(pa.py_buffer(answer)).read_all(), bound)

    def _ask(self, body: str, bound: dict[str, str]) -> bytes:
        self._look()
        try:
            answer = self._http.post(
                self._url, content=body, auth=self._auth, params=bound | {"default_format": "Arrow"}
            )
        except httpx.TransportError as error:
            raise Unavailable(f"history: no answer at {self._url}: {error}", _RETRY_S) from error
        if answer.status_code != 200:
            raise _named(answer)
        return answer.content

    def _look(self) -> None:
        try:
            seen = self._card.read_bytes()
        except FileNotFoundError as error:
            raise Unavailable(
                f"history: not running: there is no {self._card} (energyguard up starts it)",
                _RETRY_S,
            ) from error
        if seen != self._seen:
            card = json.loads(seen)
            self._url = f"http://{card['host']}:{card['port']}/"
            self._auth = (card["user"], card["password"])
            self._seen = seen

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()


def _named(answer: httpx.Response) -> EnergyGuardError:
    text = f"history: {answer.text.strip()}"
    if answer.status_code == 429:
        return Overloaded(text, _RETRY_S)
    if answer.status_code == 504:
        return TimedOut(f"history: {answer.text.partition('Exception: ')[2].strip()}", QUESTION_S)
    return Malformed(text) if answer.status_code == 400 else Unavailable(text, _RETRY_S)
