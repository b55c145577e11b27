"""Deliveries of one route as one message: what, where, since when, expected and seen, and links.

In the route's language, and by the clock of each alert's site.
"""

from __future__ import annotations

import contextvars
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from energyguard.alerts.alert import Alert
from energyguard.alerts.book import AlertBook
from energyguard.catalogue import Catalogue
from energyguard.errors import NotFound
from energyguard.model.alerts import Severity
from energyguard.model.notify import News
from energyguard.notify.deliveries import DeliveryBook, key_of_delivery
from energyguard.notify.seal import NotifySeal
from energyguard.notify.senders import OutMessage
from energyguard.page.words.formatting import amount, day_moment, listed
from energyguard.page.words.language import _, ngettext, reader, speak
from energyguard.page.words.sentences import alert_sentence
from energyguard.records.notify import AlertDelivery, Route
from energyguard.rules.registry import RuleBook

MAX_SHOWN: Final = 40
"""So many alerts are in a message; of more it says how many."""


class ShownAlert(NamedTuple):
    """An alert as a message says it."""

    alert: Alert
    news: Sequence[News]
    headline: str
    lines: Sequence[str]
    site: str
    content: Mapping[str, Any]


def message_id(deliveries: Iterable[AlertDelivery]) -> str:
    """The id of the message that tells of some deliveries: the same, if they are the same."""
    keys = "\n".join(sorted(key_of_delivery(delivery) for delivery in deliveries))
    return hashlib.sha256(keys.encode()).hexdigest()[:24]


class MessageWords:
    """Makes messages.

    Args:
        catalogue: names and zones.
        rules: what alerts are about.
        book: what each route was told before.
        seal: makes links.
        address: where links lead; empty: there are none.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        rules: RuleBook,
        book: DeliveryBook,
        seal: NotifySeal,
        address: str,
    ) -> None:
        self._catalogue, self._rules, self._book = catalogue, rules, book
        self._seal, self._address = seal, address.rstrip("/")

    def of(self, route: Route, deliveries: Sequence[AlertDelivery]) -> OutMessage:
        """One message.

        Args:
            route: who gets it.
            deliveries: what it tells of, all of this route.
        """
        return contextvars.copy_context().run(self._written, route, deliveries)

    def _written(self, route: Route, deliveries: Sequence[AlertDelivery]) -> OutMessage:
        speak(reader(route.language))
        by_alert: dict[str, list[AlertDelivery]] = {}
        for delivery in deliveries:
            by_alert.setdefault(delivery.alert, []).append(delivery)
        shown = [self._shown(route, found) for found in by_alert.values()]
        shown.sort(key=lambda each: (each.site, each.alert.since_ms, each.alert.id))
        texts = ["\n".join((each.headline, *each.lines)) for each in shown[:MAX_SHOWN]]
        if len(shown) > MAX_SHOWN:
            rest = len(shown) - MAX_SHOWN
            texts.append(ngettext("and {n} more", "and {n} more", rest).format(n=rest))
        return OutMessage(
            id=message_id(deliveries),
            title=self._title(shown),
            text="\n\n".join(texts) + "\n",
            urgent=any(
                each.alert.severity is Severity.CRITICAL and News.FIRING in each.news
                for each in shown
            ),
            content={
                "route": deliveries[0].route,
                "alerts": [each.content for each in shown],
            },
        )

    def _title(self, shown: Sequence[ShownAlert]) -> str:
        if len(shown) == 1:
            (only,) = shown
            return f"{only.headline} · {only.site}" if only.site else only.headline
        words = ngettext("{n} alert", "{n} alerts", len(shown)).format(n=len(shown))
        sites = listed(list(dict.fromkeys(each.site for each in shown if each.site)))
        return f"{words} · {sites}" if sites else words

    def _shown(self, route: Route, deliveries: Sequence[AlertDelivery]) -> ShownAlert:
        last = deliveries[-1]
        alert = self._alert(last)
        catalogue = self._catalogue
        name, site = catalogue.name(alert.device), catalogue.site_of(alert.device)
        entry = catalogue.sites.get(site)
        site_name = (entry.name if entry else "") or site
        zone = catalogue.zone_of_device(alert.device)
        news = [each.news for each in deliveries]
        sentence = alert_sentence(alert, name, self._rule(alert.rule))
        links = self._links(last.route, alert) if last.news is News.FIRING else {}
        content = {
            "id": alert.id, "news": news[-1], "severity": alert.severity, "text": sentence,
            "device": alert.device, "name": name, "site": site, "site_name": site_name,
            "rule": alert.rule, "since_ms": alert.since_ms, "changed_ms": alert.changed_ms,
            "observed": alert.observed, "expected": alert.expected, "peak": alert.peak,
            "unit": alert.unit, "links": links,
        }  # fmt: skip
        return ShownAlert(
            alert,
            news,
            _headline(route, alert, news, sentence, zone),
            list(_lines(alert, name, site_name, zone, links)),
            site_name,
            content,
        )

    def _alert(self, delivery: AlertDelivery) -> Alert:
        """The alert as the route knows it: what it was told before, and this."""
        known = AlertBook()
        for before in (*self._book.of(delivery.route, delivery.alert), delivery):
            if before.event is not None and before.revision == delivery.revision:
                known.tell(before.event, before.at_ms)
        return known.get(delivery.alert)

    def _rule(self, rule_id: str) -> Any:
        try:
            return self._rules.get(rule_id)
        except NotFound:
            return None

    def _links(self, route: str, alert: Alert) -> Mapping[str, str]:
        if not self._address:
            return {}
        act = f"{self._address}/answer?key={self._seal.link(route, alert.id)}"
        return {
            "open": f"{self._address}/alerts/{alert.id}",
            "acknowledge": act,
            "silence": f"{act}&act=silence",
        }


def _headline(route: Route, alert: Alert, news: Sequence[News], sentence: str, zone: str) -> str:
    if news[-1] is News.WITHDRAWN:
        words = _("Taken back, later readings show that it was not so: {what}")
    elif news[-1] is News.RESOLVED:
        words = _("Over since {time}: {what}")
    elif route.unanswered_min:
        words = _("Nobody has it yet: {what}")
    elif alert.severity is Severity.CRITICAL:
        words = _("Urgent: {what}")
    else:
        return sentence
    return words.format(what=sentence, time=day_moment(alert.changed_ms, zone))


def _lines(
    alert: Alert, name: str, site: str, zone: str, links: Mapping[str, str]
) -> Iterable[str]:
    yield _("Where: {place}").format(place=" · ".join(part for part in (name, site) if part))
    yield _("Since: {time}").format(time=day_moment(alert.since_ms, zone))
    if alert.measured and alert.unit:
        seen, expected = amount(alert.peak, alert.unit), amount(alert.expected, alert.unit)
        yield _("Seen: {seen}; expected: {expected}").format(seen=seen, expected=expected)
    if links:
        yield _("Open: {link}").format(link=links["open"])
        yield _("Acknowledge: {link}").format(link=links["acknowledge"])
        yield _("Silence: {link}").format(link=links["silence"])
