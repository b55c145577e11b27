"""evcc: ``evcc/site/…`` and ``evcc/loadpoints/N/…``, a value a topic.

After docs.evcc.io/en/integrations/mqtt-api: "nested objects and lists are converted into individual
sub-topics (index starts at 1)". Since 0.301 batteries stand below ``battery/devices``. Values have
no time. Powers are in W, energies of meters in kWh; what sun and battery give counts below 0, as
what is fed in does everywhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import ClassVar, Final

from energyguard.mqtt.dialect import (
    DialectExample,
    KnownField,
    MqttMessage,
    SentValue,
    TopicDialect,
    field_at,
    number_in,
)

_TOPIC: Final = re.compile(
    r"(?P<root>[^/]+)/(?:(?P<meter>site/(?:grid|pv/\d+|battery/(?:devices/)?\d+)|loadpoints/\d+)/(?P<name>\w+)"
    r"|site/gridPower)(?:/(?P<phase>l?[123]))?"
)
_POWER: Final = KnownField("power_kw", 1_000)
_GIVEN: Final = KnownField("power_kw", 1_000, times=-1)
_REGISTER: Final = KnownField("energy_register_kwh")
_AMPERES, _VOLTS = KnownField("current_a"), KnownField("voltage_v")
GRID: Final = {"power": _POWER, "energy": _REGISTER, "currents": _AMPERES}
SOURCE: Final = {"power": _GIVEN}
LOADPOINT: Final = {
    "chargePower": _POWER,
    "chargeTotalImport": _REGISTER,
    "chargeCurrents": _AMPERES,
    "chargeVoltages": _VOLTS,
}
_OF_PHASES: Final = frozenset(("currents", "chargeCurrents", "chargeVoltages"))


class EvccDialect(TopicDialect):
    """evcc."""

    name = "evcc"
    about = "charging, grid, sun and battery of evcc"
    title = "evcc"
    setup: ClassVar = (("evcc.yaml", "mqtt:\n  broker: {host}:{port}\n  topic: evcc"),)
    filters: ClassVar = (
        "evcc/site/gridPower", "evcc/site/grid/#", "evcc/site/pv/#", "evcc/site/battery/#",
        "evcc/loadpoints/#",
    )  # fmt: skip
    examples: ClassVar = (
        DialectExample("evcc/loadpoints/1/chargePower", b"7340"),
        DialectExample("evcc/loadpoints/1/chargeTotalImport", b"1834.2"),
        DialectExample("evcc/site/pv/1/power", b"4120.5"),
    )

    def knows(self, topic: str) -> bool:
        """Whether it is of a meter of evcc."""
        return topic.startswith("evcc/") and _TOPIC.fullmatch(topic) is not None

    def read(self, message: MqttMessage) -> Iterator[SentValue]:
        """The one value of a message."""
        found = _TOPIC.fullmatch(message.topic)
        if found is None:
            return
        meter, name = found["meter"] or "site/grid", found["name"] or "power"
        fields = LOADPOINT if meter.startswith("loadpoints") else SOURCE
        known = (GRID if meter == "site/grid" else fields).get(name)
        if known is None or (name in _OF_PHASES) != (found["phase"] is not None):
            return
        number = number_in(message.payload, name)
        if number is not None:
            meter = meter.removeprefix("site/").replace("/devices/", "/")
            device = f"{found['root']}/{meter}"
            below = f"l{found['phase'].removeprefix('l')}" if found["phase"] else ""
            yield SentValue(field_at(device, name, known._replace(below=below)), number)
