"""Lists of dynamic prices: a fold of ``energyguard.prices``; others may write to it, too."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from threading import Lock

import msgspec

from energyguard.errors import Malformed, NotFound
from energyguard.log import Fetched, Log, Records
from energyguard.model.quantities import from_nano, to_nano
from energyguard.model.topics import PRICES
from energyguard.records.prices import PRICE_DAY, DynamicPrice, PriceDay
from energyguard.service.bills.contract import PriceSummary
from energyguard.tariffs.checks import list_id_fault
from energyguard.tariffs.prices import PriceList, PriceSlot, read_prices
from energyguard.telemetry import logger

_log = logger(__name__)


class PriceBook:
    """Lists of prices, day by day. Thread-safe.

    Args:
        log: has the topic.
    """

    def __init__(self, log: Log) -> None:
        self._log, self._lock = log, Lock()
        self._writing = Lock()  # a day is written whole: of two writers the second has the first's
        self._days: dict[str, dict[str, tuple[PriceSlot, ...]]] = {}  # by list and day
        self._written: dict[tuple[str, str], int] = {}  # by list and day, where later records lie
        self._made: dict[str, PriceList] = {}  # of all days, made when it is asked for

    def take(self, fetched: Fetched) -> None:
        """Take records of the topic, in log order; what cannot be read is told."""
        for key, value, offset in zip(fetched.keys, fetched.values, fetched.offsets, strict=True):
            try:
                list_id, _, day = (key or b"").decode().partition("/")
                prices = PRICE_DAY.decode(value).prices if value is not None else ()
                slots = [PriceSlot(p.start_ms, p.end_ms, to_nano(p.price)) for p in prices]
                if list_id_fault(list_id) or any(a.end_ms <= a.start_ms for a in slots):
                    raise ValueError("no list/day, or a price that ends before it begins")
            except (msgspec.DecodeError, ValueError) as error:
                _log.warning(
                    "unreadable record", at=fetched.topic, offset=offset, reason=str(error)
                )
                continue
            with self._lock:
                if offset >= self._written.get((list_id, day), 0):  # else it is known, or older
                    self._keep(list_id, day, tuple(sorted(slots)))

    def _keep(self, list_id: str, day: str, slots: tuple[PriceSlot, ...]) -> None:
        """Set a day; the caller has the lock."""
        self._made.pop(list_id, None)
        days = self._days.setdefault(list_id, {})
        days[day] = slots
        if not slots:
            del days[day]
        if not days:
            del self._days[list_id]

    def get(self, list_id: str) -> PriceList:
        """All prices of a list; of one that there is not, none."""
        with self._lock:
            made = self._made.get(list_id)
            if made is None:
                made = self._made[list_id] = PriceList(self._slots(list_id))
            return made

    def _slots(self, list_id: str) -> Iterator[PriceSlot]:
        days = self._days.get(list_id, {})
        yield from sorted(slot for slots in days.values() for slot in slots)

    def lists(self) -> list[PriceSummary]:
        """Every list, by its id."""
        with self._lock:
            found = {list_id: list(self._slots(list_id)) for list_id in sorted(self._days)}
        return [
            PriceSummary(list_id, len(slots), slots[0].start_ms, max(s.end_ms for s in slots))
            for list_id, slots in found.items()
        ]

    def slots(self, list_id: str, start_ms: int, end_ms: int) -> list[PriceSlot]:
        """The prices of a list that touch a range, in order of time.

        Raises:
            NotFound: there is no such list.
        """
        with self._lock:
            if list_id not in self._days:
                known = ", ".join(sorted(self._days)) or "none"
                raise NotFound(f"no list of prices {list_id!r}; there are: {known}")
            slots = list(self._slots(list_id))
        return [slot for slot in slots if slot.start_ms < end_ms and slot.end_ms > start_ms]

    def put(self, list_id: str, data: bytes, name: str) -> int:
        """Take the prices of a CSV file; those of the same beginning are replaced.

        Args:
            list_id: of the list; it is made by its first prices.
            data: of the file.
            name: of the file, for the places of faults.

        Returns:
            How many prices the file has.

        Raises:
            Malformed: it is no id of a list.
            Faulty: the file has faults; nothing was taken.
        """
        if fault := list_id_fault(list_id):
            raise Malformed(fault, "list")
        slots = read_prices(data, name)
        self.put_slots(list_id, slots)
        return len(slots)

    def put_slots(self, list_id: str, slots: Sequence[PriceSlot]) -> int:
        """Write prices of a list; those of the same beginning are replaced.

        Returns:
            How many days have other prices than before: these are written.
        """
        with self._writing:
            days = self._changed_days(list_id, slots)
            if days:
                keys = [f"{list_id}/{day}".encode() for day in days]
                values = [PRICE_DAY.encode(_record(found)) for found in days.values()]
                ends = self._log.append(PRICES.name, Records(keys, values))
                with self._lock:
                    for day, found in days.items():
                        self._written[list_id, day] = max(ends.values())  # one partition
                        self._keep(list_id, day, found)
        return len(days)

    def _changed_days(
        self, list_id: str, slots: Sequence[PriceSlot]
    ) -> dict[str, tuple[PriceSlot, ...]]:
        """The days that some prices change, with all prices that they have then."""
        changed: dict[str, dict[int, PriceSlot]] = {}
        with self._lock:
            known = dict(self._days.get(list_id, {}))
        for slot in slots:
            day = f"{datetime.fromtimestamp(slot.start_ms / 1000, UTC):%Y-%m-%d}"
            if day not in changed:
                changed[day] = {old.start_ms: old for old in known.get(day, ())}
            changed[day][slot.start_ms] = slot
        every = {day: tuple(sorted(found.values())) for day, found in changed.items()}
        return {day: found for day, found in every.items() if found != known.get(day)}


def _record(slots: tuple[PriceSlot, ...]) -> PriceDay:
    return PriceDay(
        prices=tuple(
            DynamicPrice(start_ms=s.start_ms, end_ms=s.end_ms, price=from_nano(s.nano))
            for s in slots
        )
    )
