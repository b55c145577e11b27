"""Records of ``energyguard.routes`` and ``energyguard.deliveries``: who is told, and who was."""

from __future__ import annotations

from typing import Annotated

import msgspec

from energyguard.model import topics
from energyguard.model.alerts import Severity
from energyguard.model.notify import News, Standing
from energyguard.records.alerts import AlertEvent
from energyguard.records.contract import TopicRecord, doc


class Route(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who is told outside of the house, of which alerts, and when."""

    how: Annotated[str, doc("`mail`, `webhook`, or a service: `ntfy`, `Slack`.")]
    to: Annotated[str, doc("Where it goes, for people: nothing of it is secret.")]
    sealed: Annotated[str, doc("The address, encrypted with the data folder's `notify.key`.")]
    by: str
    at_ms: Annotated[int, doc("Since when, wall time: what is older is not told.", "ms")]
    severity: Annotated[Severity, doc("Alerts that are at least so bad.")] = Severity.INFO
    selector: Annotated[str, doc("Which devices: `site=lindenhof`; empty: all.")] = ""
    rule: Annotated[str, doc("The id of a rule; empty: all of them.")] = ""
    hours: Annotated[str, doc("Only then, by the site's clock: `mon-fri 07:00-18:00`.")] = ""
    quiet: Annotated[str, doc("What is not critical waits until their end: `22:00-06:30`.")] = ""
    unanswered_min: Annotated[
        int, doc("Only what nobody has acknowledged for so long; 0: all at once.", "min")
    ] = 0
    per_hour: Annotated[int, doc("With more messages than that, one each ten minutes.")] = 20
    language: Annotated[str, doc("`en`, `de`, `it`, `pl`.")] = "en"
    report: Annotated[
        str, doc("`daily` or `weekly`: a report of each site, instead of each alert.")
    ] = ""


class AlertDelivery(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One news of one alert for one route, or one report of one site, as it stands.

    The key is `route/alert/news/revision`: what is there is never sent again. Of a report the
    alert is `site/ID@SPAN`.
    """

    route: str
    news: News
    standing: Standing
    at_ms: Annotated[int, doc("Of this standing, wall time.", "ms")]
    due_ms: Annotated[int, doc("When it is to be sent, wall time.", "ms")] = 0
    alert: str = ""
    site: Annotated[str, doc("Of a report; empty: of everything.")] = ""
    span: Annotated[str, doc("Of a report: `2026-11-24`, `2026-W48`.")] = ""
    revision: Annotated[int, doc("How often the alert had begun anew for this route.")] = 0
    partition: Annotated[int, doc("Of `energyguard.alerts`: whose owner sends it.")] = 0
    event: Annotated[AlertEvent | None, doc("What it says.")] = None
    tries: int = 0
    message: Annotated[str, doc("The message that it is, or was, a part of.")] = ""
    reason: Annotated[str, doc("Why it failed, is tried again, or was dropped.")] = ""


ROUTE = TopicRecord(topics.ROUTES, Route, "route")
DELIVERY = TopicRecord(topics.DELIVERIES, AlertDelivery, "route/alert/news/revision")
