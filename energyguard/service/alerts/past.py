"""Alerts that are over: the newest from the alert book, older ones from the history.

The book keeps some thousand; the history keeps all, though not who acknowledged them. Both are
searched alike, and a list goes on from one to the other without a seam.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

import pyarrow as pa

from energyguard.alerts.alert import Alert, TimelineEntry
from energyguard.alerts.book import AlertBook
from energyguard.errors import NotFound
from energyguard.model.alerts import Severity, State
from energyguard.records.alerts import AlertEvent
from energyguard.service.lookups import AlertLookup

FOREVER_MS = 2**53
_KEPT = 100_000
"""More than the book ever has."""


class AlertSearch(NamedTuple):
    """Which alerts are looked for; what is empty does not matter.

    Attributes:
        text: what the sentence, the device, its name or the rule has in it, in any case.
        devices: of these devices; None: of any.
        named: devices whose names have the text in them.
        rule: of this rule.
        severity: as bad as this.
    """

    text: str = ""
    devices: frozenset[str] | None = None
    named: frozenset[str] = frozenset()
    rule: str = ""
    severity: str = ""

    def finds(self, alert: Alert) -> bool:
        """Whether it is one of them."""
        text = self.text.casefold()
        spoken = f"{alert.about}\n{alert.device}\n{alert.rule}".casefold()
        return (
            (self.devices is None or alert.device in self.devices)
            and self.rule in ("", alert.rule)
            and self.severity in ("", alert.severity)
            and (text in spoken or alert.device in self.named)
        )


class AlertPage(NamedTuple):
    """Some alerts of a longer list, newest first."""

    alerts: list[Alert]
    before_ms: int | None  # where the next page begins; None: there is none


class PastAlerts:
    """What was an alert once.

    Args:
        book: the alerts in memory.
        query: asks the history.
    """

    def __init__(self, book: AlertLookup, query: Callable[..., pa.Table]) -> None:
        self._book, self._query = book, query

    def resolved(self, search: AlertSearch, limit: int, before_ms: int = FOREVER_MS) -> AlertPage:
        """A page of what is over and was found, newest first.

        Args:
            search: what is looked for.
            limit: at most so many.
            before_ms: only what began before: where the page before this one ended.

        Raises:
            Unavailable: the history is not there now.
        """
        if search.devices is not None and not search.devices:
            return AlertPage([], None)
        known = [
            alert
            for alert in self._book.find(State.RESOLVED, limit=_KEPT)
            if alert.since_ms < before_ms and search.finds(alert)
        ]
        older = self._older(search, limit + 1, before_ms, {alert.id for alert in known})
        found = sorted([*known, *older], key=lambda alert: (alert.since_ms, alert.id), reverse=True)
        if len(found) <= limit:
            return AlertPage(found, None)
        border = found[limit - 1].since_ms
        page = [alert for alert in found if alert.since_ms >= border]  # of one time all together
        return AlertPage(page, border)

    def get(self, alert_id: str) -> tuple[Alert, list[TimelineEntry]]:
        """One alert with its story; of an old one, what the worker said.

        Raises:
            NotFound: there never was such an alert.
            Unavailable: the history is not there now.
        """
        if (alert := self._book.peek(alert_id)) is not None:
            return alert, self._book.story(alert_id)
        book = self._folded([alert_id])
        if (alert := book.peek(alert_id)) is None:
            raise NotFound(f"no alert {alert_id!r}")
        return alert, book.story(alert_id)

    def _older(
        self, search: AlertSearch, limit: int, before_ms: int, known: set[str]
    ) -> list[Alert]:
        """What the history has besides."""
        rows = self._query(
            "resolved_alerts", before_ms=before_ms, limit=limit + len(known),
            devices="\n".join(sorted(search.devices or ())), named="\n".join(sorted(search.named)),
            rule=search.rule, severity=search.severity, text=search.text,
        )  # fmt: skip
        ids = [name for name in rows["id"].to_pylist() if self._book.peek(name) is None][:limit]
        if not ids:
            return []
        book = self._folded(ids)
        return [alert for name in ids if (alert := book.peek(name)) is not None]

    def _folded(self, ids: Sequence[str]) -> AlertBook:
        """The history's changes of alerts, folded as the log's are."""
        return folded_alerts(self._query, ids)


def folded_alerts(query: Callable[..., pa.Table], ids: Sequence[str]) -> AlertBook:
    """The history's changes of some alerts, folded as the log's are."""
    book = AlertBook(closed_kept=len(ids) + 1)
    for event in _events(query("alert_changes", ids="\n".join(ids)).to_pylist()):
        book.tell(event, event.time_ms)
    return book


def _events(rows: Iterable[dict[str, object]]) -> Iterator[AlertEvent]:
    for row in rows:
        fields = row | {
            "severity": Severity(str(row["severity"])), "state": State(str(row["state"]))
        }  # fmt: skip
        yield AlertEvent(**fields)  # type: ignore[arg-type]
