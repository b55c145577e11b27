"""Many keys in one request: the way for whoever has much to write.

An item that cannot be taken never costs the others; it is listed with its place and the reason.
Measurements go to the store in one write, with versions of this door's clock: of two doors whose
clocks differ, the one ahead wins for as long as they differ, half a second at most. A user's own
keys go one by one, each above the highest version that it has.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import msgspec

from energyguard.api.problems import NothingTaken
from energyguard.compat.keys import Given, Keys, confirmed
from energyguard.compat.owners import confirming
from energyguard.compat.ranges import together
from energyguard.compat.shapes import decoded
from energyguard.compat.target import INDEX, series_of
from energyguard.errors import Malformed, NotFound, Rejected
from energyguard.store.keys import Key
from energyguard.store.row import OWN_KEY, Row
from energyguard.store.version import HybridClock

MAX_ITEMS = 1_000


class Item(Given, kw_only=True):
    """One key of a batch, and its value."""

    key: str


class Batch(msgspec.Struct):
    """The body of ``POST /batch``; items are read one by one."""

    items: list[msgspec.Raw]


class Wanted(msgspec.Struct):
    """The body of ``POST /batch/get``."""

    keys: list[str]


_batch = msgspec.json.Decoder(Batch)
_item = msgspec.json.Decoder(Item)
_wanted = msgspec.json.Decoder(Wanted)


class Refused(msgspec.Struct):
    """An item that was not taken."""

    place: int  # in the batch, from 0
    reason: str


class Batches:
    """Many keys at a time."""

    def __init__(self, keys: Keys, versions: HybridClock) -> None:
        self._keys, self._versions = keys, versions

    async def put(self, body: bytes, copies: int | None) -> Mapping[str, Any]:
        """Take a batch.

        Raises:
            Malformed: it is no batch, or has no item or too many.
            NothingTaken: every item was refused.
            Unconfirmed: too few nodes confirmed; what was written can be sent again.
        """
        items = _some(decoded(_batch, body, "items").items)
        facts: list[Row] = []
        own: dict[Key, tuple[bytes, int]] = {}
        refused: list[Refused] = []
        fewest = None
        for place, item in enumerate(items):
            try:
                key, value, expires_ms = self._read(item)
                enough = confirming(copies, self._keys.owners.of(key.series))
            except Rejected as error:
                refused.append(Refused(place, error.reason))
                continue
            fewest = enough if fewest is None else min(fewest, enough)
            if key.at == OWN_KEY:
                own[key] = value, expires_ms  # of the same key the last one counts
            else:
                facts.append(Row(*key, self._versions.next(), value, expires_ms))
        if fewest is None:
            raise NothingTaken(*(f"item {refusal.place}: {refusal.reason}" for refusal in refused))
        if facts:
            await confirmed(self._keys.store.write(facts, copies))
        await together([partial(self._keys.change, k, *v, copies) for k, v in own.items()])
        return {
            "status": "partial" if refused else "ok",
            "written": len(items) - len(refused),
            "replicas_ok": fewest,
            "errors": refused,
        }

    async def get(self, body: bytes, copies: int | None) -> Mapping[str, Any]:
        """The values of many keys, in their order; null where there is none.

        Raises:
            Malformed: this is no list of keys, or is empty or too long.
            Unavailable: too few nodes replied.
        """
        names = _some(decoded(_wanted, body, "keys").keys)
        work: list[Callable[[], Any]] = [partial(self._get, name, copies) for name in names]
        return {"items": await together(work)}

    async def _get(self, name: str, copies: int | None) -> dict[str, Any]:
        try:
            return {"key": name, "value": msgspec.Raw(await self._keys.get(name, copies))}
        except NotFound:
            return {"key": name, "value": None}
        except Rejected as error:
            return {"key": name, "value": None, "reason": error.reason}

    def _read(self, item: msgspec.Raw) -> tuple[Key, bytes, int]:
        read: Item = decoded(_item, item, "item")
        if series_of(read.key, INDEX):
            raise Malformed(f"{read.key}: computed from the measurements", "key")
        return *self._keys.place(read.key, read), self._keys.expires_ms(read.ttl)


def _some(items: list[Any]) -> list[Any]:
    if not 0 < len(items) <= MAX_ITEMS:
        raise Malformed(f"a batch has 1 to {MAX_ITEMS:,} items, not {len(items):,}", "items")
    return items
