"""What whoever tells people has to know of the house: routes, names, silences, who has what."""

from __future__ import annotations

from collections.abc import Iterable
from zlib import crc32

from energyguard.alerts.attention import ATTENTION, Attention
from energyguard.alerts.incidents import FoldedAlert, Incident, incidents, is_silence
from energyguard.alerts.silences import SilenceBook
from energyguard.catalogue import Catalogue
from energyguard.catalogue.edge_labels import LABEL, EdgeLabels
from energyguard.catalogue.revisions import CatalogueRevisions
from energyguard.log import EARLIEST, Fetched, Log
from energyguard.log.compacted import CompactedReader, CompactedTable
from energyguard.log.records import RecordPlace, decoded
from energyguard.model.alerts import Severity
from energyguard.model.notify import GONE, SILENCED, News, Standing
from energyguard.model.selector import DeviceFacts
from energyguard.model.topics import ALERT_ACTIONS, ALERTS, EDGE_DEVICES, EDGE_LINKS, SILENCES
from energyguard.notifier.planning import ComingEvent
from energyguard.notify.deliveries import DeliveryBook
from energyguard.notify.hours import holds
from energyguard.records.alerts import ALERT_ACTION, AlertEvent
from energyguard.records.notify import ROUTE, AlertDelivery, Route
from energyguard.rules.registry import RuleBook
from energyguard.stream.runtime.rule_follower import RuleFollower
from energyguard.stream.windows.places import senders

NOBODY = Attention()


class FollowedHouse:
    """Follows the log's tables.

    Args:
        log: has them.
        rules: gets what changes of rules.
        zone: of what has no site.

    Attributes:
        book: the deliveries.
        silences: nobody hears of what one of them stands over.
    """

    def __init__(self, log: Log, rules: RuleBook, zone: str) -> None:
        self.book, self.silences = DeliveryBook(log), SilenceBook()
        self._routes, self._rules = CompactedTable(log, ROUTE), RuleFollower(log, rules)
        self._silence_reader = CompactedReader(log, SILENCES.name)
        self._action_reader = CompactedReader(log, ALERT_ACTIONS.name)
        self._edge_reader, self._edges = CompactedReader(log, EDGE_DEVICES.name), EdgeLabels()
        self._attention: dict[str, Attention] = {}
        self._catalogue = CatalogueRevisions(log, senders, zone)
        self._partitions = len(log.positions(ALERTS.name, EARLIEST))
        self.silences.facts = self.catalogue.facts

    @property
    def catalogue(self) -> Catalogue:
        """Names and zones."""
        return self._catalogue.entries

    @property
    def routes(self) -> dict[str, Route]:
        """Who is told, by name."""
        return self._routes.rows

    def refresh(self) -> None:
        """Take what was written since."""
        self._routes.refresh()
        self.book.refresh()
        self._rules.refresh()
        self._catalogue.refresh()
        for part in self._edge_reader.unread():
            for key, entry in self._edges.take(part):
                self.catalogue.see(key, entry, LABEL)
        for part in self._silence_reader.unread():
            self.silences.take(part)
        for part in self._action_reader.unread():
            for _, action in decoded(ALERT_ACTION.decoder, part):
                seen = self._attention.get(action.id, NOBODY)
                self._attention[action.id] = ATTENTION[action.act](seen, action)

    def placed(self, part: Fetched, place: RecordPlace, event: AlertEvent) -> ComingEvent:
        """An alert event with where it came from, and where its device stands."""
        facts = self._catalogue.facts_at(self._catalogue.revision, topic=event.topic)
        zone = self.catalogue.zone_of_device(event.device)
        sender = self._sender(event, part.partition)
        return ComingEvent(event, place.at_ms, sender, facts(event.device), zone)

    def _sender(self, event: AlertEvent, partition: int) -> int:
        """The partition whose owner sends it: of silences of one place the same one."""
        if not is_silence(event):
            return partition
        facts = self._facts(event)
        edge = event.device if event.topic == EDGE_LINKS.name else facts.labels.get(LABEL, "")
        place = edge or next(reversed(facts.sites), "")
        return crc32(place.encode()) % self._partitions if place else partition

    def incidents(self, events: Iterable[AlertEvent]) -> list[Incident]:
        """The incidents that some alerts are parts of."""
        return incidents(events, self.catalogue, self._facts)

    def _facts(self, alert: FoldedAlert) -> DeviceFacts:
        """Where a device stands: of one that nobody entered, what its topic says of it."""
        known = self.catalogue.facts(alert.device)
        if known.sites or known.labels:
            return known
        return self._catalogue.facts_at(self._catalogue.revision, topic=alert.topic)(alert.device)

    def why_unneeded(self, route: Route, delivery: AlertDelivery, now_ms: int) -> str:
        """Why nobody needs to be told any more; empty: it is needed."""
        if delivery.news is News.REPORT:
            return ""
        life = self.life_of(delivery)
        if _is_silenced(life[0]) and len(life) > 1:
            return "it was over before the silence ended"
        if delivery.news is not News.FIRING:
            return "nobody was told that it began" if life[0].standing in GONE else ""
        seen = self._attention.get(delivery.alert, NOBODY)
        if seen.acknowledged is not None:
            return f"{seen.acknowledged.by} has it"
        if seen.silenced is not None and (seen.silenced.until_ms or 0) > now_ms:
            return "silenced"
        if route.unanswered_min and len(life) > 1:
            return "it was over before"
        return ""

    def is_held(self, delivery: AlertDelivery, now_ms: int) -> bool:
        """Whether it waits for the end of a maintenance window, and of quiet hours after that."""
        event, route = delivery.event, self.routes.get(delivery.route)
        if event is None or route is None or not _is_silenced(delivery):
            return False
        seen = self._attention.get(delivery.alert, NOBODY)
        if self.silences.over(event.rule, event.device, now_ms, seen.unsilenced_ms):
            return True
        zone = self.catalogue.zone_of_device(event.device)
        return event.severity is not Severity.CRITICAL and holds(route.quiet, now_ms, zone)

    def life_of(self, delivery: AlertDelivery) -> list[AlertDelivery]:
        """All deliveries of an alert for the same route, since it began this time."""
        of_alert = self.book.of(delivery.route, delivery.alert)
        return [before for before in of_alert if before.revision == delivery.revision]


def _is_silenced(delivery: AlertDelivery) -> bool:
    return delivery.standing is Standing.WAITING and delivery.reason == SILENCED
