"""PUT, GET and DELETE of one key, whatever it means.

A value is a JSON object, and is kept as the bytes that were sent: a reader gets the same digits.
"""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import Annotated, Any, Literal, TypeVar

import msgspec

from energyguard.clock import Clock
from energyguard.compat.quorum import Owners, required
from energyguard.compat.ranges import seen
from energyguard.compat.shapes import Unconfirmed, decoded
from energyguard.compat.target import INDEX, LATEST, newest, series_of, writable
from energyguard.errors import Malformed, NotFound, Unavailable
from energyguard.store import Store
from energyguard.store.keys import Key, iso
from energyguard.store.row import LARGEST_VALUE
from energyguard.store.version import HybridClock

MAX_TTL_S = 10**9
Seconds = Annotated[int, msgspec.Meta(ge=1, le=MAX_TTL_S, description="Seconds until it is over.")]
Object = Annotated[msgspec.Raw, msgspec.Meta(extra_json_schema={"type": "object"})]

_object = msgspec.json.Decoder(dict[str, Any])
T = TypeVar("T")


class Given(msgspec.Struct):
    """The body of a PUT."""

    value: Object
    ttl: Seconds | None = None


class KeyValue(msgspec.Struct):
    """The value of a key."""

    value: Object


class WriteResult(msgspec.Struct):
    """What became of a write."""

    status: Literal["ok", "computed"]
    replicas_ok: Annotated[int, msgspec.Meta(ge=0)]
    targets: Sequence[str]


class Keys:
    """One key at a time."""

    def __init__(self, store: Store, owners: Owners, versions: HybridClock, clock: Clock) -> None:
        """Begin.

        Args:
            store: where keys are.
            owners: which nodes have them.
            versions: of batches; it is told of every change that is made here.
            clock: for times to live.
        """
        self.store, self.owners = store, owners
        self._versions, self._clock = versions, clock

    async def get(self, text: str, copies: int | None) -> bytes:
        """The value of a key, as JSON.

        Raises:
            NotFound: it has none.
            Malformed: it is no key.
            Unavailable: too few nodes replied.
        """
        if series := series_of(text, INDEX):
            return msgspec.json.encode({"timestamps": await self.index(series)})
        latest = series_of(text, LATEST)
        series, at = Key.parse(latest or text)
        self._owners(latest or series, copies)
        row = await self.store.read(latest or series, None if latest else at, copies)
        if row is None or row.value is None:
            raise NotFound(f"no key {text!r}")
        return row.value

    async def index(self, series: str) -> list[str]:
        """The times of a series that have a value."""
        Key.parse(series)
        self.owners.of(series)
        return [iso(row.at) async for row in seen(self.store, self._clock, series)]

    async def put(self, text: str, given: Given, copies: int | None) -> WriteResult:
        """Give a key a value.

        Raises:
            Malformed: it is no key, or no JSON object, or too large.
            Unconfirmed: too few nodes confirmed it.
            Unavailable: there is no node.
        """
        if series := series_of(text, INDEX):
            writable(series)
            return WriteResult("computed", 0, ())
        key, value = self.place(text, given)
        return await self._change(key, value, self.expires_ms(given.ttl), copies)

    async def delete(self, text: str, copies: int | None) -> WriteResult:
        """Take a key's value away; where it has none, nothing is to be done.

        Raises:
            Malformed: it is no key of a value.
            Unconfirmed: too few nodes confirmed it.
            Unavailable: too few nodes replied.
        """
        if series_of(text, INDEX) or series_of(text, LATEST):
            raise Malformed(f"{text}: a view on measurements; delete those", "key")
        key = writable(text)
        targets, needed = self._owners(key.series, copies)
        if await self.store.read(key.series, key.at, copies) is None:
            return WriteResult("ok", needed, targets)
        return await self._change(key, None, 0, copies)

    def place(self, text: str, given: Given) -> tuple[Key, bytes]:
        """Where a value belongs, and the value.

        Raises:
            Malformed: there is no such place, or the value cannot be kept.
        """
        value = bytes(given.value)
        if len(value) > LARGEST_VALUE:
            raise Malformed(f"a value has at most {LARGEST_VALUE:,} bytes", "value")
        decoded(_object, value, "value")
        series = series_of(text, LATEST)
        return (newest(series, value) if series else writable(text)), value

    def expires_ms(self, ttl: int | None) -> int:
        """When a time to live is over."""
        return 0 if ttl is None else self._clock.now_ms() + ttl * 1_000

    async def change(
        self, key: Key, value: bytes | None, expires_ms: int, copies: int | None
    ) -> None:
        """Change a key, above all versions that it has had; later batches here are above it."""
        row = await confirmed(self.store.change(key, value, expires_ms, copies))
        self._versions.see(row.version)

    async def _change(
        self, key: Key, value: bytes | None, expires_ms: int, copies: int | None
    ) -> WriteResult:
        targets, needed = self._owners(key.series, copies)
        await self.change(key, value, expires_ms, copies)
        return WriteResult("ok", needed, targets)

    def _owners(self, series: str, copies: int | None) -> tuple[Sequence[str], int]:
        targets = self.owners.of(series)
        return targets, required(copies, targets)


async def confirmed(work: Awaitable[T]) -> T:
    """Wait for a write.

    Raises:
        Unconfirmed: too few nodes confirmed it. A full disk or too much at once says so itself.
    """
    try:
        return await work
    except Unavailable as error:
        if type(error) is Unavailable:
            raise Unconfirmed(str(error)) from error
        raise
