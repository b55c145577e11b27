"""Settings of MQTT: which broker, as whom, and what is taken from it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from energyguard.settings.section import Duration, Section


def _broker(url: str) -> str:
    if not url:
        return url
    try:
        parts = urlsplit(url)
        is_sound = parts.scheme in ("mqtt", "mqtts") and bool(parts.hostname) and parts.port != 0
        is_sound = is_sound and parts.path in ("", "/") and not parts.query
    except ValueError:
        is_sound = False
    if not is_sound:
        raise ValueError(f"{url!r} is no broker; write mqtt://USER@HOST, or mqtts:// with TLS")
    if parts.password is not None:
        raise ValueError("a password does not stand in the address; name mqtt.password_file")
    return url


def _prefix(text: str) -> str:
    if text and (re.search(r"[+#\0$]|//|^/|/$", text) or text.split("/")[0] == "energyguard"):
        raise ValueError(
            f"{text!r} cannot be the prefix of results: parts of a topic without + # $, and not "
            "below energyguard/, where readings are taken from; write energyguard-results"
        )
    return text


class MqttSettings(Section):
    """Readings that devices send to an MQTT broker (the role `mqtt`)."""

    url: Annotated[str, AfterValidator(_broker)] = Field(
        "",
        description="The broker: `mqtt://USER@HOST:PORT`, or `mqtts://…` with TLS. It speaks "
        "MQTT 5 or 3.1.1. Empty: `up` plays no `mqtt`.",
    )
    password_file: Path | None = Field(
        None, description="A file with the password of the user; read anew at each connection."
    )
    ca_file: Path | None = Field(
        None,
        description="Certificates of the authority that the broker's is signed by; default: "
        "the system's.",
    )
    topics: tuple[str, ...] = Field(
        (),
        description="More to subscribe to, such as `home/+/events/rpc`, where senders of a known "
        "dialect write below another name.",
    )
    results: Annotated[str, AfterValidator(_prefix)] = Field(
        "",
        description="Where results are published for Home Assistant: a prefix of topics, such as "
        "`energyguard-results`. Empty: nowhere.",
    )
    zone: str = Field(
        "",
        description="The time zone (IANA) of times without one, as Tasmota sends them; empty: "
        "`serve.zone`.",
    )
    session: Duration = Field(
        "7 days", description="For so long the broker keeps what comes while this is away."
    )

    @model_validator(mode="after")
    def _has_a_broker(self) -> MqttSettings:
        if self.results and not self.url:
            raise ValueError("results are published to a broker; name mqtt.url")
        return self
