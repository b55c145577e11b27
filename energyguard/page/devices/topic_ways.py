"""Ways over an MQTT broker: what is entered at a plug's own page, and what is heard of it here."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import Final

from energyguard.page.devices.ways import Reached
from energyguard.page.words.language import _
from energyguard.service.intake.brokers import Broker, TopicSender, topic_senders

LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")
UNKNOWN_HOST: Final = "BROKER"
"""What stands in the lines until a broker is named."""


@dataclass(frozen=True, slots=True)
class TopicWay:
    """A way over a broker.

    Attributes:
        sender: what sends so.
    """

    sender: TopicSender

    @property
    def name(self) -> str:
        """By which it is chosen."""
        return f"mqtt-{self.sender.name}"

    @property
    def title(self) -> str:
        """What people call it."""
        return f"{self.sender.title} (MQTT)"

    @property
    def group(self) -> str:
        """It sends to a broker."""
        return _("It sends to an MQTT broker")

    @property
    def needs_token(self) -> bool:
        """It speaks with the broker, not with us."""
        return False

    def lines(self, at: Reached) -> list[tuple[str, str]]:
        """What is entered at the device, then a message as it sends it."""
        broker, host = at.broker, host_of(at)
        found = []
        if not broker.host:
            start = f"energyguard up --mqtt mqtt://{UNKNOWN_HOST}:{broker.port}"
            found.append((_("Start EnergyGuard again with the broker"), start))
        for field, value in self.sender.setup:
            found.append((field, _filled(value, host, broker.port)))
        found.append((_("A message"), f"{self.sender.topic} {self.sender.payload}"))
        found.append((_("Try it"), self._command(host, broker)))
        return found

    def _command(self, host: str, broker: Broker) -> str:
        parts = ["mosquitto_pub", "-h", host, "-p", str(broker.port)]
        parts += ["--tls-use-os-certs"] if broker.is_tls else []
        parts += ["-u", broker.user, "-P", "PASSWORD"] if broker.user else []
        return shlex.join([*parts, "-t", self.sender.topic, "-m", self.sender.payload])

    def note(self, at: Reached) -> tuple[bool, str]:
        """Whether its messages are heard here, and in words what is to be done."""
        broker = at.broker
        if not broker.host:
            return False, _("Nothing is heard yet: EnergyGuard was started without a broker. Any "
                            "broker will do, such as Mosquitto; start again with the line below, "
                            "its address in it.")  # fmt: skip
        address = f"{broker.host}:{broker.port}"
        if not broker.is_taken:
            return False, _("Nothing is heard yet: the broker is {address}, but the role mqtt does "
                            "not run.").format(address=address)  # fmt: skip
        return True, _("Heard from the broker {address}. User and password at the device are those "
                       "that the broker knows.").format(address=address)  # fmt: skip


def host_of(at: Reached) -> str:
    """The broker as devices reach it: one on this machine is where the page is.

    Who looks at the page on this machine itself sees it at a name that no device can use.
    """
    if not at.broker.host:
        return UNKNOWN_HOST
    if at.broker.host not in LOOPBACK:
        return at.broker.host
    return at.network or at.host if at.host in LOOPBACK else at.host


def _filled(text: str, host: str, port: int) -> str:
    return text.replace("{host}", host).replace("{port}", str(port))


def topic_ways() -> list[TopicWay]:
    """A way for each dialect of MQTT, those with a page of their own first."""
    return [TopicWay(sender) for sender in topic_senders()]
