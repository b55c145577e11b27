"""What services, their fields, routes and deliveries are called, for people."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from energyguard.model.alerts import Severity
from energyguard.model.notify import News, ReportSpan, Standing
from energyguard.page.rules.words import selector_words
from energyguard.page.words.faults import fault_words
from energyguard.page.words.formatting import near_moment
from energyguard.page.words.language import LANGUAGES, _
from energyguard.page.words.lengths import length
from energyguard.page.words.sentences import alert_sentence
from energyguard.service.contract import Service
from energyguard.service.notify.contract import DeliveryView, RouteView

MINUTE_MS: Final = 60_000
SERVICES: Final = {
    "mail": _("mail"),
    "webhook": _("webhook: a program that takes JSON"),
    "other": _("another service of Apprise"),
}
"""Services that are no names; all others are called as they call themselves."""
FIELDS: Final = {
    "to": _("To whom"),
    "server": _("Server"),
    "user": _("Log-in name"),
    "password": _("Password"),
    "from": _("From whom"),
    "url": _("Web address"),
    "topic": _("Topic"),
    "token": _("Token"),
    "chat": _("Chat"),
    "room": _("Room"),
    "key": _("User key"),
    "address": _("Address, as Apprise writes it"),
}
"""The fields of services."""
SEVERITIES: Final = {
    Severity.INFO: _("all alerts"),
    Severity.WARNING: _("warnings and urgent alerts"),
    Severity.CRITICAL: _("urgent alerts"),
}
REPORTS: Final = {
    "": _("each alert"),
    ReportSpan.DAY: _("a report each day, instead of each alert"),
    ReportSpan.WEEK: _("a report each Monday, instead of each alert"),
}
"""What somebody gets."""
STANDINGS: Final = {
    Standing.WAITING: ("…", _("waits")),
    Standing.SENDING: ("…", _("is being sent")),
    Standing.SENT: ("✓", _("sent")),
    Standing.FAILED: ("!", _("failed")),
    Standing.DROPPED: ("–", _("not sent")),
}
"""A shape and a word for each."""
NEWS: Final = {
    News.FIRING: "{what}",
    News.RESOLVED: _("over: {what}"),
    News.WITHDRAWN: _("taken back: {what}"),
}


def service_words(service: str) -> str:
    """What a service is called."""
    return _(SERVICES[service]) if service in SERVICES else service


def route_words(view: RouteView, service: Service) -> str:
    """What somebody is told of, and where."""
    parts = [_(SEVERITIES[view.severity]), selector_words(view.selector, service.catalogue)]
    if view.rule:
        parts.append(_("rule {rule}").format(rule=view.rule))
    if view.report:
        parts.insert(0, _(REPORTS[view.report]))
    return " · ".join(filter(None, parts))


def when_words(view: RouteView) -> str:
    """When somebody is told, and in which language."""
    return " · ".join(_when(view))


def _when(view: RouteView) -> Iterator[str]:
    yield _("only {hours}").format(hours=view.hours) if view.hours else _("at any hour")
    if view.quiet:
        yield _("quiet {hours}").format(hours=view.quiet)
    if view.unanswered_min:
        waits = length(view.unanswered_min * MINUTE_MS)
        yield _("when nobody has acknowledged for {length}").format(length=waits)
    yield LANGUAGES.get(view.language, view.language)


def last_words(last: DeliveryView | None, now_ms: int, zone: str) -> tuple[str, str]:
    """The shape and the words of how the last message went."""
    if last is None:
        return "○", _("no message yet")
    shape, words = STANDINGS[last.standing]
    when = near_moment(last.at_ms, now_ms, zone)
    if last.news is News.TEST:
        words = _("test, {how}").format(how=_(words))
    parts = [f"{_(words)} {when}", fault_words(last.reason)]
    return shape, ": ".join(filter(None, parts))


def delivery_words(view: DeliveryView, service: Service) -> str:
    """What a delivery says."""
    if view.news is News.TEST:
        return _("a test")
    if view.news is News.REPORT:
        return _("report: {what}").format(what=view.about)
    words, alert = view.about or view.alert, service.book.peek(view.alert)
    if alert is not None:
        name = service.catalogue.entries.name(alert.device)
        rule = next((r for r in service.rules.all() if r.id == alert.rule), None)
        words = alert_sentence(alert, name, rule)
    return _(NEWS[view.news]).format(what=words)
