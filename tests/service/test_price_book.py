"""Lists of dynamic prices: a fold of their topic, to which others may write, too."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from energyguard.log import EARLIEST, Positions, Records
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


class SlowLog(MemoryLog):
    """The first append waits until another one has come, or has had time to."""

    def __init__(self) -> None:
        super().__init__()
        self._first, self._second = threading.Event(), threading.Event()

    def append(self, topic: str, records: Records) -> Positions:
        if self._first.is_set():
            self._second.set()
        else:
            self._first.set()
            self._second.wait(0.3)
        return super().append(topic, records)


def test_two_who_write_a_day_at_once_write_all_of_it() -> None:
    log = SlowLog()
    book = PriceBook(log)
    files = [b"start,price\n2026-10-25T0%d:00Z,0.%d\n" % (hour, hour) for hour in (1, 2)]
    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(book.put, "spot-de", data, "spot.csv") for data in files]:
            done.result()
    for reader in (book, followed(log)):
        assert reader.lists()[0].prices == 2


def test_a_record_of_before_takes_back_nothing_that_was_written_since() -> None:
    log = MemoryLog()
    book = PriceBook(log)
    book.put("spot-de", b"start,price\n2026-10-25T01:00Z,0.1\n", "spot.csv")
    [first] = log.read(log.positions(PRICES.name, EARLIEST), 100, 0.0)
    book.put("spot-de", b"start,price\n2026-10-25T02:00Z,0.2\n", "spot.csv")
    book.take(first)  # whoever follows the topic comes to it only now
    book.put("spot-de", b"start,price\n2026-10-25T03:00Z,0.3\n", "spot.csv")
    for reader in (book, followed(log)):
        assert reader.lists()[0].prices == 3


class Interrupted(dict[tuple[str, str], int]):
    """While something is looked up the first time, somebody else acts, if nothing keeps him."""

    def __init__(self, act: threading.Thread) -> None:
        super().__init__()
        self.act = act

    def get(self, *key: Any) -> Any:
        found = super().get(*key)
        if self.act.ident is None:
            self.act.start()
            self.act.join(0.3)
        return found


def test_who_writes_while_a_record_is_taken_loses_nothing_of_either() -> None:
    log = MemoryLog()
    PriceBook(log).put("spot-de", b"start,price\n2026-10-25T01:00Z,0.1\n", "spot.csv")
    [first] = log.read(log.positions(PRICES.name, EARLIEST), 100, 0.0)
    book = PriceBook(log)
    second = b"start,price\n2026-10-25T02:00Z,0.2\n"
    writer = threading.Thread(target=book.put, args=("spot-de", second, "spot.csv"))
    book._written = Interrupted(writer)
    book.take(first)
    writer.join()
    for reader in (book, followed(log)):
        assert reader.lists()[0].prices == 2
