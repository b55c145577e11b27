"""Lists of dynamic prices: a fold of their topic, to which others may write, too."""

from __future__ import annotations

from energyguard.log import EARLIEST, Records
from energyguard.model.days import HOUR_MS
from energyguard.model.topics import PRICES
from energyguard.service.bills.prices import PriceBook
from energyguard.tariffs.prices import PriceSlot
from energyguard.testing import MemoryLog
from tests.tariffs.made import ms

BEGIN = ms("2026-10-24T23:00Z")
FILE = b"start,price\n2026-10-24T23:00Z,0.1\n2026-10-25T00:00Z,0.2\n2026-10-25T01:00Z,0.3\n"


def followed(log: MemoryLog) -> PriceBook:
    """Who reads the topic from its beginning."""
    book = PriceBook(log)
    for part in log.read(log.positions(PRICES.name, EARLIEST), 100, 0.0):
        book.take(part)
    return book


def test_prices_are_there_for_every_process_day_by_day() -> None:
    log = MemoryLog()
    book = PriceBook(log)
    assert book.put("spot-de", FILE, "spot.csv") == 3
    assert book.put("spot-de", b"start,price\n2026-10-25T01:00Z,-0.3\n", "spot.csv") == 1
    for reader in (book, followed(log)):
        assert reader.lists() == [("spot-de", 3, BEGIN, BEGIN + 3 * HOUR_MS)]
        nano, known = reader.get("spot-de").at([BEGIN, BEGIN + 2 * HOUR_MS])
        assert nano.tolist() == [100_000_000, -300_000_000]
        assert known.tolist() == [True, True]
        assert reader.slots("spot-de", BEGIN + 1, BEGIN + HOUR_MS) == [
            PriceSlot(BEGIN, BEGIN + HOUR_MS, 100_000_000)
        ]
    [keys] = [part.keys for part in log.read(log.positions(PRICES.name, EARLIEST), 100, 0.0)]
    assert keys == [b"spot-de/2026-10-24", b"spot-de/2026-10-25", b"spot-de/2026-10-25"]


def test_others_write_prices_and_what_cannot_be_read_is_passed_over() -> None:
    log = MemoryLog()
    day = b'{"prices":[{"start_ms":%d,"end_ms":%d,"price":"0.5"}]}' % (BEGIN, BEGIN + HOUR_MS)
    keys = [b"grid/2026-10-24", b"grid/x", b"", b"grid/y", b"old/2026-10-24", b"old/2026-10-24"]
    backwards = b'{"prices":[{"start_ms":5,"end_ms":5,"price":"1"}]}'
    log.append(PRICES.name, Records(keys, [day, b"{", day, backwards, day, None]))
    book = followed(log)
    assert [row.id for row in book.lists()] == ["grid"]
    assert book.get("grid").at([BEGIN])[0].tolist() == [500_000_000]
    assert len(book.get("none")) == 0
