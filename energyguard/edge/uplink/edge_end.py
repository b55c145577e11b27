"""The edge's end of a line: what to say next. No I/O: frames and moments in, frames out."""

from __future__ import annotations

from random import Random

from energyguard.edge.protocol.clock_offset import ClockOffset
from energyguard.edge.protocol.contract import Instant, Outbox
from energyguard.edge.protocol.messages import (
    Ack,
    Heartbeat,
    Hello,
    LineRefused,
    Message,
    OtherProtocol,
    Places,
    Welcome,
    decode,
    encode,
)
from energyguard.edge.protocol.place_parts import PlaceParts
from energyguard.edge.uplink.batching import Batching, SessionNames
from energyguard.edge.uplink.flights import Flight, Flights
from energyguard.edge.uplink.lanes import Lane, LaneGap, Lanes
from energyguard.edge.uplink.redial import Redial
from energyguard.edge.uplink.status import EdgeStatus, LineState
from energyguard.errors import Corrupt, Unavailable
from energyguard.model.quantities import parse_duration
from energyguard.settings.edge import EdgeSettings
from energyguard.telemetry import logger

HELLO_S, RETRY_S = 1.0, 1.0
"""A greeting is repeated after this; an outbox that does not answer is asked again."""

_log = logger(__name__)


class EdgeEnd:
    """The edge's end of a line. It dials; it is played by one thread.

    It begins an epoch of the outbox: make it before the first record of this process is appended.

    Args:
        name: of the edge, for its log.
        outbox: what is to be sent.
        settings: how often, how long, how old.
        chance: for its epoch's name and for how long it waits before it dials.

    Raises:
        Unavailable, DiskFull: the outbox could not begin an epoch.
    """

    def __init__(self, name: str, outbox: Outbox, settings: EdgeSettings, chance: Random) -> None:
        self._name, self._outbox, self._chance = name, outbox, chance
        self._heartbeat_s = parse_duration(settings.heartbeat) / 1000
        self._silent_s = parse_duration(settings.silent) / 1000
        self._live_ms = parse_duration(settings.live)
        self._state, self._reason = LineState.DOWN, "not connected yet"
        self._redial = Redial(chance)
        self._session, self._cloud = 0, ""
        self._lanes, self._flights = Lanes(outbox), Flights()
        self._batching, self._clock = Batching(outbox), ClockOffset()
        self._hello = b""
        self._hello_s = self._beat_s = self._came_s = self._blocked_s = float("inf")
        self._came_ms: int | None = None
        self._acknowledged = self._lost = 0
        self._places = PlaceParts()
        self._new_epoch()

    def connected(self, now: Instant) -> list[bytes]:
        """A connection: begin a session. Returns the frames to send."""
        self._session += 1
        self._state, self._reason = LineState.GREETING, "the cloud has not answered yet"
        self._came_s, self._hello_s = now.monotonic_s, now.monotonic_s + HELLO_S
        self._flights, self._clock = Flights(), ClockOffset()
        self._batching = Batching(self._outbox)
        known = tuple(self._outbox.epochs), self._lanes.acknowledged()
        self._hello = encode(Hello(*self._names, *known, now.monotonic_s, now.wall_ms))
        return [self._hello]

    def disconnected(self, now: Instant) -> None:
        """The connection is gone, or could not be made: ``redial_s`` says when to dial."""
        if self._state is not LineState.DOWN:
            self._end("the connection is gone", now)
        elif now.monotonic_s >= self._redial.at_s:
            self._redial.again(now.monotonic_s)

    def _end(self, reason: str, now: Instant) -> None:
        """The session is over."""
        if self._state is not LineState.DOWN:
            _log.warning("no line to the cloud", edge=self._name, reason=reason)
        self._state, self._reason = LineState.DOWN, reason
        self._flights = Flights()
        self._redial.again(now.monotonic_s)

    @property
    def is_connected(self) -> bool:
        """Whether a connection is of use: false before the first and once the session has ended."""
        return self._state is not LineState.DOWN

    @property
    def is_welcome(self) -> bool:
        """Whether the cloud has answered: records travel."""
        return self._state is LineState.UP

    @property
    def redial_s(self) -> float:
        """When to dial (monotonic seconds), while there is no connection."""
        return self._redial.at_s

    @property
    def due_s(self) -> float:
        """When to call ``poll`` at the latest (monotonic seconds)."""
        silent_s = self._came_s + self._silent_s
        if self._state is LineState.DOWN:
            return float("inf")
        if self._state is LineState.GREETING:
            return min(silent_s, self._hello_s)
        return min(silent_s, self._beat_s, self._blocked_s, self._flights.due_s)

    def received(self, frame: bytes, now: Instant) -> list[bytes]:
        """A frame came. Returns the frames to send. What is not of this session is dropped."""
        if self._state is LineState.DOWN:
            return []
        try:
            message = decode(frame)
        except OtherProtocol as error:
            self._end(str(error), now)
            return []
        except Corrupt as error:
            _log.warning("a frame of the cloud was dropped", edge=self._name, reason=str(error))
            return []
        if isinstance(message, LineRefused):
            return self._refused(message, now)
        if not self._is_current(message):
            return []
        self._came_s, self._came_ms = now.monotonic_s, now.wall_ms
        if isinstance(message, Welcome) and not self.is_welcome:
            self._welcomed(message, now)
        elif isinstance(message, Welcome | Ack):
            self._hold(message, now)
        elif isinstance(message, Heartbeat):
            self._clock.take(message, now)
            self._flights.credit = message.credit
        elif isinstance(message, Places):
            self._keep(message)
        return self.poll(now)

    def _is_current(self, message: Message) -> bool:
        if isinstance(message, LineRefused):
            return message.epoch in ("", self._epoch) and message.session in (0, self._session)
        if message.epoch != self._epoch or message.session != self._session:
            return False
        if isinstance(message, Welcome):
            return not self.is_welcome or message.cloud == self._cloud
        return self.is_welcome and message.cloud == self._cloud

    def _refused(self, message: LineRefused, now: Instant) -> list[bytes]:
        if self._is_current(message):
            if message.renew:
                self._renew()
            self._end(f"refused: {message.reason}", now)
        return []

    def _welcomed(self, message: Welcome, now: Instant) -> None:
        self._cloud = message.cloud
        if message.restored:
            _log.warning("the cloud was restored: it holds less than it had", edge=self._name)
        self._lanes.begin(message.held, now.wall_ms - self._live_ms)
        if self._is_replaced(now):
            return
        self._state, self._reason = LineState.UP, ""
        self._redial.reset()
        self._flights.credit, self._beat_s = message.credit, now.monotonic_s
        self._move()

    def _hold(self, message: Welcome | Ack, now: Instant) -> None:
        self._acknowledged += self._lanes.hold(message.held)
        if self._is_replaced(now):
            return
        self._flights.credit = message.credit
        self._flights.land(lambda f: self._lanes.has(f.at, f.first, f.next), now.monotonic_s)
        self._move()

    def _is_replaced(self, now: Instant) -> bool:
        """Whether the cloud holds what this outbox never wrote: it goes on in another epoch."""
        if not self._lanes.is_behind():
            return False
        self._renew()
        self._lanes = Lanes(self._outbox)
        self._end("the cloud holds more than was ever written here: a new epoch begins", now)
        return True

    def _move(self) -> None:
        """The outbox learns what the cloud has; it may lag behind."""
        for at in self._lanes.held:
            position = self._lanes.position(at)
            if position != self._outbox.position(at):
                try:
                    self._outbox.acknowledged(at, position)
                except Unavailable as error:
                    _log.warning("the outbox did not answer", edge=self._name, reason=str(error))

    def _keep(self, message: Places) -> None:
        """Places of devices: whoever has all parts of a mark says the mark."""
        try:
            self._outbox.places(message.places)
        except Unavailable as error:
            _log.warning("places could not be kept", edge=self._name, reason=str(error))
            return
        self._places.add(message)

    def poll(self, now: Instant) -> list[bytes]:
        """Time passed, or the outbox grew. Returns the frames to send.

        To be called at ``due_s``, and soon after a record was written. Where the cloud is silent
        the session ends here: then ``is_connected`` is false, and the connection is to be closed.
        """
        if self._state is LineState.DOWN:
            return []
        if now.monotonic_s >= self._came_s + self._silent_s:
            self._end(f"the cloud was silent for {self._silent_s:g} s", now)
            return []
        if self._state is LineState.GREETING:
            if now.monotonic_s < self._hello_s:
                return []
            self._hello_s = now.monotonic_s + HELLO_S
            return [self._hello]
        frames = [flight.frame for flight in self._flights.overdue(now.monotonic_s)]
        try:
            if now.monotonic_s >= self._beat_s:
                self._beat_s = now.monotonic_s + self._heartbeat_s
                frames.append(self._heartbeat(now))
            self._blocked_s = float("inf")
            self._fill(frames, now)
        except Unavailable as error:
            self._blocked_s = now.monotonic_s + RETRY_S
            self._reason = f"the outbox does not answer: {error}"
            _log.warning("the outbox did not answer", edge=self._name, reason=str(error))
        return frames

    def _fill(self, frames: list[bytes], now: Instant) -> None:
        """Send as much as may fly."""
        self._reason = ""
        while self._flights.has_room(is_backlog=False):
            sent = [gap for gap in self._lanes.gaps() if self._send(gap, frames, now)]
            if not sent:
                return

    def _send(self, gap: LaneGap, frames: list[bytes], now: Instant) -> bool:
        """Send the beginning of a gap, if it may fly."""
        is_backlog = gap.lane is Lane.BACKLOG
        if not self._flights.has_room(is_backlog):
            return False
        piece = self._batching.piece(gap, self._names, self._flights.batch_bytes)
        self._lanes.take(gap.at, piece.first, piece.next)
        self._lost += piece.lost
        flight = Flight(gap.at, piece.first, piece.next, piece.frame, is_backlog, now.monotonic_s)
        self._flights.add(flight)
        frames.append(piece.frame)
        return True

    def _heartbeat(self, now: Instant) -> bytes:
        echo = self._clock.echo(now)
        waits = self._lanes.queued(), self._lanes.oldest_ms()
        beat = Heartbeat(
            *self._names, now.monotonic_s, now.wall_ms, *echo, 0, *waits, self._places.mark
        )
        return encode(beat)

    @property
    def _names(self) -> SessionNames:
        return SessionNames(self._epoch, self._session, self._cloud)

    def _new_epoch(self) -> None:
        name = f"{self._chance.getrandbits(64):016x}"
        self._outbox.new_epoch(name)
        self._epoch = name

    def _renew(self) -> None:
        """Another epoch, if the disk has room for it; else it begins when this comes up again."""
        try:
            self._new_epoch()
        except Unavailable as error:
            _log.warning("no new epoch", edge=self._name, reason=str(error))

    def status(self) -> EdgeStatus:
        """How the line is."""
        return EdgeStatus(
            state=self._state,
            reason=self._reason,
            queued=self._lanes.queued(),
            sent=sum(flight.next - flight.first for flight in self._flights),
            acknowledged=self._acknowledged,
            lost=self._lost,
            oldest_ms=self._lanes.oldest_ms(),
            offset_ms=self._clock.offset_ms,
            round_trip_ms=self._clock.round_trip_ms,
            last_heartbeat_ms=self._came_ms,
        )
