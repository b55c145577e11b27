"""The desk: everything that page, API and CLI may ask or do, in one place.

    desk = Desk(log, history, settings)
    with desk:                                  # starts and stops following the log
        desk.overview()
        desk.acknowledge(alert_id, by="mara", note="oven")

Methods are synchronous, thread-safe and quick, except those that ask the history or wait for the
log (``query``, ``overview``, ``take_readings``, the verbs): call these from a thread, not from an
event loop. What is refused raises an ``EnergyGuardError``.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Self

import pyarrow as pa

from energyguard.alerts.alert import Alert
from energyguard.alerts.book import AlertBook
from energyguard.clock import SYSTEM, Clock
from energyguard.config import Settings
from energyguard.detect.book import RuleBook
from energyguard.detect.rules import Rule
from energyguard.history import History
from energyguard.log import Log
from energyguard.serve.live import Live
from energyguard.serve.views import DeadLetter, Health, Overview, Quality, Receipt


class Desk:
    """What people and programs may ask and do.

    Attributes:
        live: newest readings, devices, counts, subscribers (``serve/live.py``).
        book: the alerts (``alerts/book.py``): ``open()``, ``get()``, ``find()``, ``story()``.
        rules: the rules, ours and the user's, and which of them run.
        history: questions about the past; ``query`` is the short way.
        settings: the settings tree.
        clock: the wall clock.
    """

    live: Live
    book: AlertBook
    rules: RuleBook
    history: History
    settings: Settings
    clock: Clock

    def __init__(
        self, log: Log, history: History, settings: Settings, clock: Clock = SYSTEM
    ) -> None: ...

    def start(self) -> None:
        """Begin to follow the log; returns when the alert book is up to date."""

    def close(self) -> None:
        """Stop following; the log and the history stay open, they are the caller's."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None: ...

    # What is so now

    def overview(self) -> Overview:
        """The numbers of the first page. Asks the history at most every five seconds."""

    def quality(self) -> Quality:
        """How readings ended, by reason; watermark and lag of each partition."""

    def health(self) -> Health:
        """Whether log, worker and history answer, and what is wrong with those that do not."""

    def query(self, name: str, **parameters: object) -> pa.Table:
        """Ask the history (``history/queries/<name>.sql``).

        Raises:
            NotFound: there is no such question.
            Unavailable: the history is not there now.
        """

    # Readings

    def take_readings(
        self,
        data: bytes,
        shape: str | None = None,
        source: str = "api",
        idempotency_key: str | None = None,
    ) -> Receipt:
        """Take a batch of readings in any shape that ``wire`` knows; durable when it returns.

        One bad row never costs its neighbours: each row is accepted, malformed or out of range.

        Args:
            data: CSV, JSON lines, a JSON array or an Arrow stream.
            shape: the shape's name; None finds out.
            source: who sent it, for the dead letters.
            idempotency_key: the same key with the same bytes gets the same answer again, and
                nothing is taken twice.

        Raises:
            Malformed: nothing of it can be read as any known shape.
            Conflict: the key was used with other bytes.
            Overloaded, DiskFull: nothing was taken; ``retry_after`` says when to try again.
        """

    # Alerts

    def acknowledge(self, alert_id: str, by: str, note: str = "") -> Alert:
        """Say that a person has it.

        Raises:
            NotFound: there is no such alert.
        """

    def silence(
        self,
        alert_id: str,
        until_ms: int | None = None,
        for_ms: int | None = None,
        by: str = "",
        note: str = "",
    ) -> Alert:
        """Keep an alert quiet until an event time, or for a while from the data's now.

        Raises:
            NotFound: there is no such alert.
            Malformed: neither or both of the times were given.
        """

    def unsilence(self, alert_id: str, by: str, note: str = "") -> Alert:
        """Let it be heard again."""

    # Rules

    def use_rules(self, ids: Sequence[str], by: str) -> list[Rule]:
        """Run these rules and no others; the worker follows within a second, state is kept.

        Raises:
            NotFound: there is no such rule.
        """

    def change_rule(self, rule_id: str, by: str, **fields: object) -> Rule:
        """Change fields of a rule (``raise_above``, ``clear_at``, ``dwell_ms``, ``window_ms``, …).

        Raises:
            NotFound: there is no such rule.
            ConfigError: the changed rule would make no sense; the faults say why.
        """

    # Dead letters

    def dead_letters(self, limit: int = 100, before: int | None = None) -> list[DeadLetter]:
        """The newest dead letters, newest first; ``before`` an offset pages back."""

    def dead_letter(self, offset: int) -> DeadLetter:
        """One dead letter.

        Raises:
            NotFound: there is none at this offset (any more).
        """

    def replay_dead_letters(
        self, offsets: Sequence[int] | None = None, reason: str | None = None
    ) -> Receipt:
        """Decode dead letters again and take them in; what is still bad becomes a new letter.

        Args:
            offsets: these letters; None: all.
            reason: only letters whose verdict, field or reason contains this text.
        """
