"""The fold of deliveries: what is forgotten leaves nothing behind."""

from __future__ import annotations

from energyguard.model.notify import News, Standing
from energyguard.model.topics import DELIVERIES
from energyguard.notify.deliveries import DeliveryBook, delivery_records, key_of_delivery
from energyguard.records.notify import AlertDelivery
from energyguard.testing import MemoryLog
from tests.service.made import NOON


def test_what_is_forgotten_leaves_nothing_behind() -> None:
    log = MemoryLog()
    book = DeliveryBook(log)
    sent = AlertDelivery(
        route="desk", alert="a1", news=News.FIRING, standing=Standing.SENT, at_ms=NOON, message="m1"
    )
    key = key_of_delivery(sent)
    log.append(DELIVERIES.name, delivery_records({key: sent}))
    book.refresh()
    assert (book.of("desk", "a1"), book.paced_until_ms("desk", 1, NOON)) == ([sent], NOON + 600_000)
    log.append(DELIVERIES.name, delivery_records({key: None}))
    book.refresh()
    assert (book.of("desk", "a1"), book.get(key)) == ([], None)
    left = (book._rows, book.open, book._of_alerts, book._sent)
    assert left == ({}, {}, {}, {})
