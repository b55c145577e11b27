"""The line to a broker: one session that outlives it, TLS, back-off; for one thread.

The line is of MQTT 5, or of 3.1.1 where the broker does not take that.
A message stays the broker's until ``acknowledge``: a line that is cut, or a process that is killed,
gets it again, marked as repeated.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from energyguard.clock import SYSTEM, Clock
from energyguard.errors import ConfigError, Unavailable
from energyguard.model.quantities import parse_duration
from energyguard.mqtt import packets
from energyguard.mqtt.packets import BrokerAnswer, PacketReader, Publish, Session, Will
from energyguard.settings.mqtt import MqttSettings
from energyguard.telemetry import logger

STATUS: Final = "energyguard/status"
"""Where this says ``online``, and the broker ``offline`` when the line is lost."""
KEEP_ALIVE_S: Final = 30
TIMEOUT_S: Final = 10.0
MESSAGES_AT_ONCE: Final = 10_000
_PIECE: Final = 2**18
_PORTS: Final = {"mqtt": 1883, "mqtts": 8883}

_log = logger("mqtt")


class _OtherVersion(Unavailable):
    """The broker does not take the version that was offered, or may not."""


class BrokerConnection:
    """A line to the broker of the settings. It is there when this is made.

    Args:
        settings: which broker.
        client: the name of the session.
        clock: of the pauses.
        status: the topic where this says ``online``, and the broker ``offline``.

    Raises:
        ConfigError: a file of the settings cannot be read.
        Unavailable: the broker cannot be reached, or lets nobody in.
    """

    def __init__(
        self, settings: MqttSettings, client: str, clock: Clock = SYSTEM, status: str = STATUS
    ) -> None:
        self._clock, self._status, self._packet_id = clock, status, 0
        self._waiting: list[Publish] = []
        self._subscribing: dict[int, Sequence[str]] = {}
        parts = urlsplit(settings.url)
        self._host, self._port = str(parts.hostname), parts.port or _PORTS[parts.scheme]
        password = _secret(settings.password_file)
        tls = _tls(settings.ca_file) if parts.scheme == "mqtts" else None
        keep_s = min(parse_duration(settings.session) // 1000, 2**32 - 1)
        session, user = Session(client, keep_s), unquote(parts.username or "")
        try:
            self._begin(tls, session, user, password, packets.VERSION)
        except _OtherVersion as refused:
            _log.info("connecting with MQTT 3.1.1", reason=str(refused))
            self._begin(tls, session, user, password, packets.OLD_VERSION)

    def _begin(
        self,
        tls: ssl.SSLContext | None,
        session: Session,
        user: str,
        password: bytes | None,
        version: int,
    ) -> None:
        """Open a line of a version."""
        self.version, self._reader = version, PacketReader(version)
        self._line = self._opened(tls)
        self._keep_alive_s = float(KEEP_ALIVE_S)
        self._spoke_s = self._received_s = self._clock.monotonic()
        will = Will(self._status, b"offline")
        try:
            self._send(packets.connect(session, user, password, KEEP_ALIVE_S, will, version))
            self.session_present = self._let_in()
            self.publish(self._status, b"online", retain=True)
        except BaseException:
            self._line.close()
            raise

    def subscribe(self, filters: Sequence[str]) -> None:
        """Ask for topics; what the broker refuses is in the log of the program."""
        self._packet_id = self._packet_id % 65_535 + 1
        self._subscribing[self._packet_id] = filters
        self._send(packets.subscribe(self._packet_id, filters, self.version))

    def receive(self, wait_s: float) -> list[Publish]:
        """The messages that have come, at most about ``MESSAGES_AT_ONCE``; none for ``wait_s``: [].

        Raises:
            Unavailable: the line is lost.
        """
        found, self._waiting = self._waiting, []
        try:
            piece = self._piece(0.0 if found else wait_s)
            while piece:
                self._received_s = self._clock.monotonic()
                for packet in self._reader.packets(piece):
                    if isinstance(packet, Publish):
                        found.append(packet)
                    else:
                        self._hear(packet)
                piece = self._piece(0.0) if len(found) < MESSAGES_AT_ONCE else b""
            self._keep_alive()
        except Unavailable:
            if not found:  # what has come is taken first; the next call finds the line as it is
                raise
        return found

    def acknowledge(self, packet_ids: Iterable[int]) -> None:
        """Let the broker forget messages."""
        self._send(packets.acknowledge(packet_ids))

    def publish(self, topic: str, payload: bytes, *, retain: bool) -> None:
        """Say something, at most once."""
        self._send(packets.publish(topic, payload, self.version, retain=retain))

    def close(self) -> None:
        """Say that this goes, and leave the session with the broker."""
        try:
            self.publish(self._status, b"offline", retain=True)
            self._send(packets.GOODBYE)
        except Unavailable:
            pass  # it is gone already; the broker says so
        finally:
            self._line.close()

    def _opened(self, tls: ssl.SSLContext | None) -> socket.socket:
        try:
            line = socket.create_connection((self._host, self._port), TIMEOUT_S)
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return tls.wrap_socket(line, server_hostname=self._host) if tls else line
        except (OSError, UnicodeError) as error:
            raise Unavailable(f"{self._host}:{self._port}: {error}") from error

    def _let_in(self) -> bool:
        """Wait for the broker's first word; gives whether it has kept a session.

        Raises:
            _OtherVersion: it says that it does not know the version, or ends the line unasked, as
                some do that do not.
        """
        until_s = self._clock.monotonic() + TIMEOUT_S
        while self._clock.monotonic() < until_s:
            try:
                found = [*self._reader.packets(self._piece(TIMEOUT_S))]
            except Unavailable as error:
                raise _OtherVersion(str(error)) from error
            self._waiting += [packet for packet in found if isinstance(packet, Publish)]
            for answer in found:
                if isinstance(answer, BrokerAnswer) and answer.kind == packets.CONNACK:
                    if answer.is_refusal:
                        is_other = packets.OTHER_VERSION in answer.codes
                        kind = _OtherVersion if is_other else Unavailable
                        raise kind(f"{self._host}:{self._port}: {answer.reason}")
                    given = (answer.properties or {}).get(packets.SERVER_KEEP_ALIVE)
                    if isinstance(given, int) and given:
                        self._keep_alive_s = float(given)
                    return answer.session_present
        raise Unavailable(f"{self._host}:{self._port}: it does not answer as a broker does")

    def _hear(self, answer: BrokerAnswer) -> None:
        if answer.kind == packets.DISCONNECT:
            raise Unavailable(f"the broker ends the line: {answer.reason}")
        if answer.kind == packets.SUBACK:
            filters = self._subscribing.pop(answer.packet_id, ())
            for topic, code in zip(filters, answer.codes, strict=False):
                if code >= 0x80:
                    reason = answer._replace(codes=bytes((code,))).reason
                    _log.error("the broker refuses a topic", topic=topic, reason=reason)

    def _piece(self, wait_s: float) -> bytes:
        """Some bytes; none where none come in time."""
        try:
            self._line.settimeout(wait_s)
            piece = self._line.recv(_PIECE)
        except (BlockingIOError, TimeoutError, ssl.SSLWantReadError):
            return b""
        except OSError as error:
            raise Unavailable(f"the line to the broker is lost: {error}") from error
        if not piece:
            raise Unavailable("the broker has closed the line")
        return piece

    def _keep_alive(self) -> None:
        now_s = self._clock.monotonic()
        if now_s - self._received_s > 2 * self._keep_alive_s:
            raise Unavailable("the broker is silent")
        if now_s - self._spoke_s > self._keep_alive_s / 2:
            self._send(packets.PING)

    def _send(self, data: bytes) -> None:
        if data:
            try:
                self._line.settimeout(TIMEOUT_S)
                self._line.sendall(data)
            except OSError as error:
                raise Unavailable(f"the line to the broker is lost: {error}") from error
            self._spoke_s = self._clock.monotonic()


def _secret(file: Path | None) -> bytes | None:
    if file is None:
        return None
    try:
        return file.read_bytes().strip()
    except OSError as error:
        raise ConfigError(f"mqtt.password_file: {file}: {error.strerror}") from None


def _tls(authority: Path | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=authority)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(f"mqtt.ca_file: {authority}: {error}") from None
