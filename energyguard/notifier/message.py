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
from energyguard.alerts.flapping import signal_of
from energyguard.errors import NotFound
from energyguard.model.alerts import Severity
from energyguard.model.notify import News
from energyguard.model.topics import EDGE_LINKS
from energyguard.notifier.flapping import flapping_of
from energyguard.notifier.house import FollowedHouse
from energyguard.notifier.incident_words import IncidentNews
from energyguard.notifier.mail_html import mail_page
from energyguard.notifier.message_part import WEIGHTS, MessagePart, Weight, title_of
from energyguard.notifier.subjects import alert_subject
from energyguard.notifier.together import events_of
from energyguard.notify.deliveries import key_of_delivery
from energyguard.notify.seal import NotifySeal
from energyguard.notify.senders import OutMessage
from energyguard.page.words.formatting import amount, day_moment, places_apart
from energyguard.page.words.language import _, ngettext, reader, speak
from energyguard.page.words.sentences import alert_sentence
from energyguard.records.notify import AlertDelivery, Route
from energyguard.rules.registry import RuleBook

MAX_SHOWN: Final = 40
"""So many alerts are in a message; of more it says how many."""


class ShownAlert(NamedTuple):
    """An alert that a message tells of."""

    alert: Alert
    news: Sequence[News]
    part: MessagePart
    content: Mapping[str, Any]


def message_id(deliveries: Iterable[AlertDelivery]) -> str:
    """The id of the message that tells of some deliveries: the same, if they are the same."""
    keys = "\n".join(sorted(key_of_delivery(delivery) for delivery in deliveries))
    return hashlib.sha256(keys.encode()).hexdigest()[:24]


class MessageWords:
    """Makes messages.

    Args:
        house: names, zones, and what each route was told before.
        rules: what alerts are about.
        seal: makes links.
        address: where links lead; empty: there are none.
    """

    def __init__(
        self,
        house: FollowedHouse,
        rules: RuleBook,
        seal: NotifySeal,
        address: str,
    ) -> None:
        self._house, self._catalogue, self._rules = house, house.catalogue, rules
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
        news = self._incidents(shown, deliveries)
        folded = {alert for each in news for alert in each.incident.alerts}
        alone = [each for each in shown if each.alert.id not in folded]
        parts = [self._of_signal(each, deliveries[0].route) for each in newest_of_signals(alone)]
        parts += [self._of_incident(each, shown, deliveries[0].route) for each in news]
        parts.sort()
        texts = [part.text for part in parts[:MAX_SHOWN]]
        cards = [part.html for part in parts[:MAX_SHOWN]]
        if len(parts) > MAX_SHOWN:
            rest = len(parts) - MAX_SHOWN
            texts.append(ngettext("and {n} more", "and {n} more", rest).format(n=rest))
            cards.append(f"<p>{texts[-1]}</p>")
        title = title_of(parts)
        return OutMessage(
            id=message_id(deliveries),
            title=title,
            text="\n\n".join(texts) + "\n",
            html=mail_page(title, "".join(cards)),
            urgent=any(
                each.alert.severity is Severity.CRITICAL and News.FIRING in each.news
                for each in shown
            ),
            content={
                "route": deliveries[0].route,
                "alerts": [each.content for each in sorted(shown, key=lambda each: each.part)],
                "incidents": [each.content(self._catalogue) for each in news],
            },
        )

    def _of_signal(self, shown: ShownAlert, route: str) -> MessagePart:
        """An alert; of one that comes and goes how often it did."""
        signal, part = signal_of(shown.alert), shown.part
        flapping = flapping_of(self._house.book.of_signal(route, signal))
        if flapping is None:
            return part
        words = _("It comes and goes, {n} times within an hour: {what}")
        if flapping.is_known:
            words = _("It came and went, {n} times within an hour; now: {what}")
        headline = words.format(n=flapping.times, what=part.headline)
        return part._replace(headline=headline, subject=headline)

    def _incidents(
        self, shown: Sequence[ShownAlert], deliveries: Sequence[AlertDelivery]
    ) -> list[IncidentNews]:
        """The incidents that a message tells of, also where the rest was told before."""
        over = {each.alert.id for each in shown if each.news[-1] is not News.FIRING}
        named = {each.alert.id for each in shown}
        firing = self._house.book.firing.get(deliveries[0].route, {})
        open_alerts = firing.keys() | (named - over)
        events = events_of(firing, {each.alert: each for each in deliveries})
        return [
            IncidentNews.of(incident, events, open_alerts, over)
            for incident in self._house.incidents(events)
            if named.intersection(incident.alerts)
        ]

    def _of_incident(
        self, news: IncidentNews, shown: Sequence[ShownAlert], route: str
    ) -> MessagePart:
        incident, lines = news.incident, list(news.lines(self._catalogue))
        by_id = {each.alert.id: each for each in shown}
        parts = [by_id[alert] for alert in incident.alerts if alert in by_id]
        begun = [each.alert.id for each in parts if each.news[-1] is News.FIRING]
        for each in parts:
            if each.alert.topic == EDGE_LINKS.name:
                lines.insert(0, each.part.headline)
        links = self._links(route, *begun) if begun else {}
        headline, weight = news.headline(self._catalogue), max(each.part.weight for each in parts)
        since_ms, name = incident.since_ms, incident.id
        return MessagePart("", since_ms, name, headline, lines, links, headline, weight)

    def _shown(self, route: Route, deliveries: Sequence[AlertDelivery]) -> ShownAlert:
        last = deliveries[-1]
        alert = self._alert(last)
        catalogue = self._catalogue
        name, site = catalogue.name(alert.device), catalogue.site_of(alert.device)
        entry = catalogue.sites.get(site)
        site_name = (entry.name if entry else "") or site
        zone = catalogue.zone_of_device(alert.device)
        news = [each.news for each in deliveries]
        rule = self._rule(alert.rule)
        sentence = alert_sentence(alert, name, rule)
        links = self._links(last.route, alert.id) if last.news is News.FIRING else {}
        content = {
            "id": alert.id, "news": news[-1], "severity": alert.severity, "text": sentence,
            "device": alert.device, "name": name, "site": site, "site_name": site_name,
            "rule": alert.rule, "since_ms": alert.since_ms, "changed_ms": alert.changed_ms,
            "observed": alert.observed, "expected": alert.expected, "peak": alert.peak,
            "unit": alert.unit, "links": links,
        }  # fmt: skip
        headline = _headline(route, alert, news, sentence, zone)
        lines = list(_lines(alert, name, site_name, zone))
        subject, weight = headline, Weight.OVER
        if news[-1] is News.FIRING:
            subject = alert_subject(alert, name, rule, sentence)
            subject, weight = _headline(route, alert, news, subject, zone), WEIGHTS[alert.severity]
        since_ms = alert.since_ms
        part = MessagePart(site_name, since_ms, alert.id, headline, lines, links, subject, weight)
        return ShownAlert(alert, news, part, content)

    def _alert(self, delivery: AlertDelivery) -> Alert:
        """The alert as the route knows it: what it was told before, and this."""
        known = AlertBook()
        for before in (*self._house.book.of(delivery.route, delivery.alert), delivery):
            if before.event is not None and before.revision == delivery.revision:
                known.tell(before.event, before.at_ms)
        return known.get(delivery.alert)

    def _rule(self, rule_id: str) -> Any:
        try:
            return self._rules.get(rule_id)
        except NotFound:
            return None

    def _links(self, route: str, *alerts: str) -> Mapping[str, str]:
        if not self._address:
            return {}
        act = f"{self._address}/answer?key={self._seal.link(route, *alerts)}"
        return {
            "open": f"{self._address}/alerts/{alerts[0]}",
            "acknowledge": act,
            "silence": f"{act}&act=silence",
        }


def newest_of_signals(shown: Sequence[ShownAlert]) -> list[ShownAlert]:
    """Of alerts about the same the newest."""
    ordered = sorted(shown, key=lambda each: (each.alert.since_ms, each.alert.changed_ms))
    return list({signal_of(each.alert): each for each in ordered}.values())


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


def _lines(alert: Alert, name: str, site: str, zone: str) -> Iterable[str]:
    yield _("Where: {place}").format(place=" · ".join(part for part in (name, site) if part))
    yield _("Since: {time}").format(time=day_moment(alert.since_ms, zone))
    if alert.measured and alert.unit:
        known = alert.evidence.get("usual", alert.expected)
        places = places_apart(alert.peak, known)
        seen = amount(alert.peak, alert.unit, places)
        expected = amount(known, alert.unit, places)
        yield _("Seen: {seen}; expected: {expected}").format(seen=seen, expected=expected)
