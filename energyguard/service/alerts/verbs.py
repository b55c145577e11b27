"""What people do with alerts: each act is a record of ``energyguard.alert-actions``."""

from __future__ import annotations

from collections.abc import Sequence

from energyguard.alerts.alert import Alert
from energyguard.alerts.book import AlertBook
from energyguard.alerts.silences import FOREVER_MS
from energyguard.clock import Clock
from energyguard.errors import Malformed
from energyguard.log import Log, Records
from energyguard.model.alerts import Act
from energyguard.model.topics import ALERT_ACTIONS
from energyguard.records.alerts import ALERT_ACTION, AlertAction
from energyguard.service.alerts.silence_times import check_end


class AlertVerbs:
    """The acts of people; the service is one of these."""

    book: AlertBook
    clock: Clock
    _log: Log

    def acknowledge(self, alert_id: str, by: str, note: str = "") -> Alert:
        """Say that a person has it.

        Raises:
            NotFound: there is no such alert.
        """
        return self.act_on([alert_id], Act.ACKNOWLEDGE, by, note)[0]

    def silence(
        self,
        alert_id: str,
        until_ms: int | None = None,
        for_ms: int | None = None,
        by: str = "",
        note: str = "",
    ) -> Alert:
        """Keep an alert quiet until a time, or for a while from now: of the wall clock.

        Raises:
            NotFound: there is no such alert.
            Malformed: neither or both of the times were given, or it is over.
        """
        if (until_ms is None) == (for_ms is None):
            raise Malformed("say until when, or for how long: one of the two", "until_ms")
        if until_ms is None:
            until_ms = self.clock.now_ms() + (for_ms or 0)
        return self.act_on([alert_id], Act.SILENCE, by, note, until_ms)[0]

    def unsilence(self, alert_id: str, by: str, note: str = "") -> Alert:
        """Let it be heard again.

        Raises:
            NotFound: there is no such alert.
        """
        return self.act_on([alert_id], Act.UNSILENCE, by, note)[0]

    def act_on(
        self,
        alert_ids: Sequence[str],
        act: Act,
        by: str,
        note: str = "",
        until_ms: int | None = None,
    ) -> list[Alert]:
        """Do the same with many alerts, in one write; a silence without an end lasts as they do.

        Raises:
            NotFound: one of them is not there; nothing was done.
            Malformed: the silence is over before it begins.
        """
        now_ms = self.clock.now_ms()
        if act is Act.SILENCE:
            until_ms = FOREVER_MS if until_ms is None else until_ms
            check_end(until_ms, now_ms)
        actions = [
            AlertAction(id=alert_id, act=act, by=by, at_ms=now_ms, note=note, until_ms=until_ms)
            for alert_id in dict.fromkeys(alert_ids)
            if self.book.get(alert_id)
        ]
        keys = [action.id.encode() for action in actions]
        values = [ALERT_ACTION.encode(action) for action in actions]
        written = Records(keys, values, (), [now_ms] * len(keys))
        self._log.append(ALERT_ACTIONS.name, written)
        for action in actions:  # who acts sees it at once; told again, it is known
            self.book.tell(action, now_ms)
        return [self.book.get(action.id) for action in actions]
