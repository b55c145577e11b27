"""Many keys in one request: the way for whoever has much to write.

An item that cannot be taken never costs the others; it is listed with its place and the reason.
Measurements go to the store in one write, with versions of this door's clock: of two doors whose
clocks differ, the one ahead wins for as long as they differ, half a second at most. A user's own
keys go one by one, each above the highest version that it has.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Annotated, Any, Literal

import msgspec

from energyguard.api.problems import NothingTaken
from energyguard.compat.building.keys import Given, Keys, Object, confirmed
from energyguard.compat.quorum import required
from energyguard.compat.ranges import together
from energyguard.compat.shapes import decoded
from energyguard.compat.target import INDEX, series_of
from energyguard.errors import Malformed, NotFound, Rejected
from energyguard.store.keys import Key
from energyguard.store.row import OWN_KEY, Row
from energyguard.store.version import HybridClock

MAX_ITEMS = 1_000
Some = Annotated[int, msgspec.Meta(ge=1)]
_SIZE = msgspec.Meta(extra_json_schema={"minItems": 1, "maxItems": MAX_ITEMS})


class Item(Given, kw_only=True):
    """One key of a batch, and its value."""

    key: Annotated[str, msgspec.Meta(extra_json_schema={"minLength": 1})]


class Batch(msgspec.Struct):
    """The body of ``POST /batch``; items are read one by one."""

    items: Annotated[list[msgspec.Raw], _SIZE]


class Wanted(msgspec.Struct):
    """The body of ``POST /batch/get``."""

    keys: Annotated[list[str], _SIZE]


_batch = msgspec.json.Decoder(Batch)
_item = msgspec.json.Decoder(Item)
_wanted = msgspec.json.Decoder(Wanted)


class Refused(msgspec.Struct):
    """An item that was not taken."""

    place: Annotated[int, msgspec.Meta(description="In the batch, from 0.")]
    reason: str


class Written(msgspec.Struct):
    """What became of a batch."""

    status: Literal["ok", "partial"]
    written: Some
    replicas_ok: Some
    errors: Sequence[Refused]


class FoundItem(msgspec.Struct):
    """The value of one key of many; of what can be no key, why."""

    key: str
    value: Object | None
    reason: str | msgspec.UnsetType = msgspec.UNSET


class FoundItems(msgspec.Struct):
    """The values of many keys, in their order."""

    items: Sequence[FoundItem]


class Batches:
    """Many keys at a time."""

    def __init__(self, keys: Keys, versions: HybridClock) -> None:
        self._keys, self._versions = keys, versions

    async def put(self, body: bytes, copies: int | None) -> Written:
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
                enough = required(copies, self._keys.owners.of(key.series))
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
        status: Literal["ok", "partial"] = "partial" if refused else "ok"
        return Written(status, len(items) - len(refused), fewest, refused)

    async def get(self, body: bytes, copies: int | None) -> FoundItems:
        """The values of many keys, in their order; null where there is none.

        Raises:
            Malformed: this is no list of keys, or is empty or too long.
            Unavailable: too few nodes replied.
        """
        names = _some(decoded(_wanted, body, "keys").keys)
        work: list[Callable[[], Any]] = [partial(self._get, name, copies) for name in names]
        return FoundItems(await together(work))

    async def _get(self, name: str, copies: int | None) -> FoundItem:
        try:
            return FoundItem(name, msgspec.Raw(await self._keys.get(name, copies)))
        except NotFound:
            return FoundItem(name, None)
        except Rejected as error:
            return FoundItem(name, None, error.reason)

    def _read(self, item: msgspec.Raw) -> tuple[Key, bytes, int]:
        read: Item = decoded(_item, item, "item")
        if series_of(read.key, INDEX):
            raise Malformed(f"{read.key}: computed from the measurements", "key")
        return *self._keys.place(read.key, read), self._keys.expires_ms(read.ttl)


def _some(items: list[Any]) -> list[Any]:
    if not 0 < len(items) <= MAX_ITEMS:
        raise Malformed(f"a batch has 1 to {MAX_ITEMS:,} items, not {len(items):,}", "items")
    return items
