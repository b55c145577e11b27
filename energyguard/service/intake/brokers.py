"""What sends to an MQTT broker: its dialects, how a device is set up for it, and which broker."""

from __future__ import annotations

from dataclasses import dataclass
from socket import AF_INET, SOCK_DGRAM, socket
from typing import Final
from urllib.parse import unquote, urlsplit
from zoneinfo import ZoneInfo

from energyguard.mqtt.registry import dialects_of
from energyguard.processes.registry import living
from energyguard.settings.tree import Settings

ROLE: Final = "mqtt"
PORTS: Final = {"mqtt": 1883, "mqtts": 8883}
_NOBODY: Final = ("192.0.2.1", 9)
"""An address that nobody has: nothing is sent there, only the way to it is chosen."""


@dataclass(frozen=True, slots=True)
class Broker:
    """The broker whose messages are taken.

    Attributes:
        host: where it is, as this machine calls it; empty: ``up`` was told of none.
        port: its port.
        user: as whom this speaks with it; empty: as nobody.
        is_tls: whether the line is TLS.
        is_taken: whether the role that takes its messages runs.
    """

    host: str = ""
    port: int = PORTS["mqtt"]
    user: str = ""
    is_tls: bool = False
    is_taken: bool = False


NO_BROKER: Final = Broker()


@dataclass(frozen=True, slots=True)
class TopicSender:
    """Something that sends to a broker.

    Attributes:
        name: of its dialect.
        title: what people call it.
        topic, payload: a message, as it writes it.
        setup: fields of its own page and what stands in them; ``{host}``, ``{port}`` are the
            broker's. Empty: its topics are as they are.
    """

    name: str
    title: str
    topic: str
    payload: str
    setup: tuple[tuple[str, str], ...]


def broker_of(settings: Settings) -> Broker:
    """The broker of a data folder, as its processes were started."""
    url = settings.mqtt.url
    if not url:
        return NO_BROKER
    parts = urlsplit(url)
    is_taken = any(process.role == ROLE for process in living(settings.data_dir))
    port, user = parts.port or PORTS[parts.scheme], unquote(parts.username or "")
    return Broker(parts.hostname or "", port, user, parts.scheme == "mqtts", is_taken)


def network_address() -> str:
    """This machine, as devices in its network reach it; empty: it is in none."""
    with socket(AF_INET, SOCK_DGRAM) as probe:
        try:
            probe.connect(_NOBODY)
        except OSError:
            return ""
        return str(probe.getsockname()[0])


def topic_senders() -> list[TopicSender]:
    """All that are known, those with a page of their own first."""
    found = []
    for dialect in dialects_of(ZoneInfo("UTC")):
        shown = [example for example in dialect.examples if not dialect.teaches(example.topic)]
        for example in shown[:1]:
            title, payload = dialect.title or dialect.name, example.payload.decode()
            found.append(TopicSender(dialect.name, title, example.topic, payload, dialect.setup))
    return sorted(found, key=lambda sender: not sender.setup)
