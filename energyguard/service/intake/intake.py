"""Bytes in, a receipt out: decode, take in at the border, say what became of each row."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import groupby

import pyarrow as pa
import pyarrow.compute as pc

from energyguard.clock import SYSTEM, Clock
from energyguard.codecs import Decoded, RefusedRow
from energyguard.codecs.formats import PayloadFormat, decode, shape_of
from energyguard.codecs.refusals import ANY_SHAPE, FILE_SHAPE, counted, refused_whole
from energyguard.codecs.sources import device_in
from energyguard.codecs.value_kinds import value_hint
from energyguard.dialects.mapping import mapping_of
from energyguard.domain import Messages
from energyguard.errors import Forbidden, Malformed
from energyguard.intake.gateway import Gateway
from energyguard.intake.messages import border_of, of_shape, recognised
from energyguard.log import Log
from energyguard.log.records import Headers
from energyguard.model.readings import Verdict
from energyguard.model.topics import METER_READINGS, Holds
from energyguard.records.readings import ReadingHeaders
from energyguard.service.intake.dead_letters import Letter
from energyguard.service.intake.judgement import Judgement
from energyguard.service.intake.new_devices import NewDevices
from energyguard.service.views import Receipt, RowAnswer
from energyguard.settings.tree import WireSettings
from energyguard.topics import topic_named

LISTED = 1_000
"""Refused rows that a receipt lists; all of them are dead letters."""


class Reception:
    """Where readings come in over the service."""

    def __init__(
        self,
        log: Log,
        limits: WireSettings,
        clock: Clock = SYSTEM,
        new_devices: NewDevices | None = None,
    ) -> None:
        self._intake = Gateway(log, clock)
        self._limits, self._log, self._clock = limits, log, clock
        mapping_of(limits.mappings)  # a fault in one is said at the start
        self._new_devices = new_devices

    def take(
        self,
        data: bytes,
        shape: str | None,
        source: str,
        topic: str = METER_READINGS.name,
        device: str = "",
        headed: bool = True,
        sender: str = "",
        backfill: bool = False,
        speaks_for: Callable[[str], bool] | None = None,
        import_id: str = "",
    ) -> Receipt:
        """Decode bytes of a shape, or of any shape, and take them in.

        Args:
            data: all of them.
            shape: its name; None: found out.
            source: who sent them.
            topic: where the readings go.
            device: the device, where no column names it.
            headed: whether lines may have a header; those of dead letters have none.
            sender: whose devices they are.
            backfill: they are of the past.
            import_id: of the import that brings them; empty: none does.
            speaks_for: whether the sender may send readings of a device; None: of all.

        Raises:
            Forbidden: the sender may not send readings of a device that is in it.
            NotFound: there is no such shape.
            Malformed: no column names the device, and the sender does not; or it is Parquet, of
                which nobody knows what it unfolds to.
            OutOfRange, Overloaded: the sender brings too many devices that were never sent before.
            Unavailable: the log takes nothing now.
        """
        if (messages := recognised(data) if shape is None else of_shape(shape)) is not None:
            if speaks_for is not None:
                raise Forbidden("who is limited to sites sends readings, and no other messages")
            return self._messages(messages, data, source)
        _check_shape(shape_of(data, shape), device)
        shape, decoded = self._decode(data, shape, device, headed)
        if speaks_for is not None:
            _check_devices(decoded.batch, speaks_for)
        if self._new_devices is not None:
            self._new_devices.check(sender, decoded.batch)
        how = _headers(backfill, import_id, source, sender)
        self._intake.take(decoded, topic=topic, source=source, shape=shape, headers=how)
        receipt = _receipt(decoded.batch.num_rows, decoded.refused, topic, shape)
        return replace(receipt, hint=value_hint(decoded))

    def _decode(
        self, data: bytes, shape: str | None, device: str = "", headed: bool = True
    ) -> tuple[str, Decoded]:
        """Bytes of a shape as readings, which came now."""
        now_ms, mappings = self._clock.now_ms(), self._limits.mappings
        return decode(
            data, shape, self._limits, device=device, headed=headed, now_ms=now_ms,
            mappings=mappings,
        )  # fmt: skip

    def refuse(self, rows: Sequence[RefusedRow], source: str) -> Receipt:
        """Keep rows of a file that only the whole file explains as dead letters."""
        topic = METER_READINGS.name
        self._intake.refuse(rows, topic=topic, source=source, shape=FILE_SHAPE)
        return _receipt(0, rows, topic, FILE_SHAPE)

    def take_again(self, letters: Iterable[Letter]) -> Receipt:
        """Decode dead letters again, those that belong together at once, and take them in.

        The answer says what became of each, as far as the workers tell within some seconds.
        """
        whole, judgement = Receipt(0, 0, 0, "", ""), Judgement(self._log, self._clock)
        for (topic, shape, source), group in groupby(
            letters, key=lambda letter: (letter[0].topic, letter[0].shape, letter[0].source)
        ):
            bodies = [original for _, original in group]
            if shape == ANY_SHAPE:
                for body in bodies:
                    whole = _sum(whole, self._anew(body, source, topic or METER_READINGS.name))
                continue
            body = b"\n".join(bodies)
            if (messages := of_shape(shape)) is not None:
                part = self._messages(messages, body, source, topic, judgement)
            else:
                part = self._again(body, shape, source, topic, judgement)
            whole = _sum(whole, part)
        if not whole.accepted:
            return whole
        apart, unjudged = judgement.wait()
        late = sum(apart.values())
        return replace(whole, accepted=whole.accepted - late, late=late, unjudged=unjudged)

    def _again(
        self, body: bytes, shape: str, source: str, topic: str, judgement: Judgement
    ) -> Receipt:
        """Rows of dead letters that are readings; what else was refused must be sent again."""
        topic = topic or METER_READINGS.name
        found = topic_named(topic)
        if shape == FILE_SHAPE or (found is not None and found.holds is not Holds.READINGS):
            return Receipt(0, 0, 0, topic, shape, left=len(body.split(b"\n")))
        shape, decoded = self._decode(body, shape, headed=False)
        self._intake.take(decoded, topic=topic, source=source, shape=shape)
        judgement.sent_readings(topic, decoded.batch)
        return _receipt(decoded.batch.num_rows, decoded.refused, topic, shape)

    def _anew(self, body: bytes, source: str, topic: str) -> Receipt:
        """Look at bytes with their header again, that were refused whole."""
        try:
            return self.take(body, None, source, topic, device_in(source))
        except Malformed as error:
            refused = [refused_whole(body, 1, error.field or "row", error.reason, 1)]
            self._intake.refuse(refused, topic=topic, source=source, shape=ANY_SHAPE)
            return _receipt(0, refused, topic, ANY_SHAPE)

    def _messages(
        self,
        messages: Messages,
        data: bytes,
        source: str,
        topic: str = "",
        judgement: Judgement | None = None,
    ) -> Receipt:
        """Messages of a domain go to a topic of theirs; its worker judges what they come to."""
        topic = topic or messages.topics[0].name
        taken = border_of(messages).take(self._intake, data, source=source, topic=topic)
        if judgement is not None:
            judgement.sent_messages(messages, topic, taken.identities)
        return _receipt(len(taken.identities), taken.refused, topic, messages.shape)


def _check_shape(found: PayloadFormat, device: str) -> None:
    if found.name == "parquet":
        raise Malformed("Parquet is read from files: energyguard replay FILE", "body")
    if found.needs_device and not (device or found.device):
        raise Malformed("no column names the device, so the sender must: ?device=NAME", "device")


def _headers(backfill: bool, import_id: str, source: str, sender: str) -> Headers:
    """Of the records of a delivery."""
    brought = ReadingHeaders(backfill="1" if backfill else "")
    if import_id:
        brought = ReadingHeaders(
            backfill=brought.backfill,
            import_id=import_id,
            import_file=source.removeprefix("file:"),
            import_by=sender,
        )
    return brought.encode()


def _check_devices(batch: pa.RecordBatch, speaks_for: Callable[[str], bool]) -> None:
    names = pc.unique(batch.column("device")).to_pylist()
    if foreign := [name for name in names if not speaks_for(name)]:
        more = f", and {len(foreign) - 1} more" if len(foreign) > 1 else ""
        raise Forbidden(
            f"{foreign[0]!r}{more}: not at a site that this sender is limited to; nothing was "
            "taken. Enter the device at its site first, or send without it"
        )


def _receipt(accepted: int, refused: Sequence[RefusedRow], topic: str, shape: str) -> Receipt:
    out_of_range = counted(row for row in refused if row.verdict is Verdict.OUT_OF_RANGE)
    return Receipt(
        accepted=accepted,
        malformed=counted(refused) - out_of_range,
        out_of_range=out_of_range,
        topic=topic,
        shape=shape,
        refused=tuple(
            RowAnswer(row.row, row.verdict, row.field, row.reason) for row in refused[:LISTED]
        ),
        refused_more=max(0, counted(refused) - min(len(refused), LISTED)),
    )


def _sum(one: Receipt, two: Receipt) -> Receipt:
    refused = one.refused + two.refused
    return Receipt(
        accepted=one.accepted + two.accepted,
        malformed=one.malformed + two.malformed,
        out_of_range=one.out_of_range + two.out_of_range,
        topic=two.topic,
        shape=two.shape,
        refused=refused[:LISTED],
        left=one.left + two.left,
        refused_more=one.refused_more + two.refused_more + max(0, len(refused) - LISTED),
    )
