"""What a sender calls a value, and where that leads: a device, a channel, a scale.

    power_w, active_power in W, shelly_power_watts      power_kw, per 1000
    energy_wh_total, energy in kWh that only grows      energy_register_kwh
    energy_export_kwh_total                             the same of the device NAME/export
    power_l1_w                                          power_kw of the device NAME/l1

Nothing is guessed: a name without a unit, an energy of which nothing says whether it is a register
or an interval, a counter of today are refused with the reason; a mapping (``mapping.py``) says
what they are. Every dialect goes this way: HTTP, MQTT, telegrams.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from energyguard.codecs.columns import DEVICE, sixty_fourth
from energyguard.codecs.headers import DEVICES, VALUES
from energyguard.files.values.words import (
    ENERGY,
    POWER,
    REGISTER,
    ColumnHeader,
    Unit,
    header_of_text,
    unit_named,
)
from energyguard.model.channels import FED_IN

Counts = str
"""How an energy is counted: ``register``, ``interval``; empty: the sender does not say."""


class ValueName(NamedTuple):
    """What a sender calls a value. One is the same for all its readings, so it is placed once.

    Attributes:
        name: the metric, the field, the last part of the topic.
        device: whose it is, as the dialect has it; empty: as the labels say.
        unit: where the sender says it beside the name; empty: the name may say it.
        counts: ``register`` where the sender says that it only grows.
        labels: tags and what else tells it from others, sorted by their names.
    """

    name: str
    device: str = ""
    unit: str = ""
    counts: Counts = ""
    labels: tuple[tuple[str, str], ...] = ()

    @property
    def label(self) -> Mapping[str, str]:
        """The labels by their names."""
        return dict(self.labels)


class Placed(NamedTuple):
    """Where a value belongs: what is sent times ``times / per`` is in the channel's unit.

    ``per`` is even or 1; ``times`` is below 0 where energy goes the other way.
    """

    device: str
    channel: str
    times: int = 1
    per: int = 1


class NotPlaced(NamedTuple):
    """Why a value is not taken. ``skipped``: somebody wants it left out, without a word."""

    reason: str
    skipped: bool = False


DEVICE_LABELS: Final = (
    *DEVICES, "entity_id", "entity", "sensor_id", "sensor", "plug", "serial", "serial_number",
    "node", "friendly_name", "name", "topic",
)  # fmt: skip
"""Labels that name a device; the first that is there does."""
PLACE_LABELS: Final = ("host", "instance")
"""Labels of the machine that sends: they name a device where no other label does."""
_OTHER_LABELS: Final = (
    "__name__", "job", "url", "unit", "unit_of_measurement", "measurement", "domain", "db",
    "state_class", "state_class_str", "device_class", "device_class_str",
)  # fmt: skip
"""Labels that say nothing of which device it is."""
PART_LABELS: Final = ("phase", "channel", "relay", "output", "circuit", "port")
"""Labels that tell apart what one device measures; they go below its name: ``plug/2``."""
_COUNTS: Final = {
    "total": "register", "total_increasing": "register", "counter": "register",
}  # fmt: skip
_COUNT_LABELS: Final = ("state_class", "state_class_str")
_HUMPS: Final = re.compile(r"(?<=[a-z0-9]{2})(?=[A-Z][a-z])")
_WATT_HOURS: Final = re.compile(r"(kilo|mega)?watt[_ ]?hours?", re.IGNORECASE)
_TOTAL: Final = re.compile(r"[_. ]total$", re.IGNORECASE)
_NOT_MEASURED: Final = re.compile(
    r"\b(limit|max|maximum|min|minimum|rated|nominal|forecast|predicted|setpoint|target|threshold"
    r"|reactive|apparent|blind|schein|factor|peak|remaining|capacity)\b"
)
_OF_A_SPAN: Final = re.compile(
    r"\b(today|yesterday|daily|day|hourly|weekly|week|monthly|month|year|yearly|heute|gestern)\b"
)
_PHASE: Final = re.compile(r"\b(?:l|phase ?)([123abc])\b")


def place_by_name(value: ValueName) -> Placed | NotPlaced:
    """Where a value belongs, by its name, its unit and its labels."""
    device = value.device or device_in_labels(value.label)
    own = VALUES.get(value.name.lower())
    if own is not None and not value.unit and value.counts != "register":
        return placed(device, own[0], 1, own[1])
    header = header_of_text(_plain(value.name))
    unit = unit_named(_short_unit(value.unit)) if value.unit else header.unit
    if (reason := _unfit(value, header, unit)) or unit is None:
        return NotPlaced(reason)
    channel = unit.channel
    if channel == ENERGY:
        counts = _counts(value, header)
        if not counts:
            return NotPlaced(
                f"{_quoted(value)} is an energy, and nothing says whether it is a register or an "
                "interval"
            )
        channel = REGISTER if counts == "register" else ENERGY
    phase = _PHASE.search(header.words)
    if phase is not None:
        device = f"{device}/l{_number(phase[1])}"
    fed_in = header.is_export and unit.channel in (ENERGY, POWER)
    if fed_in:
        device = f"{device}/{FED_IN}"
    sign = -1 if fed_in and channel != REGISTER else 1
    return placed(device, channel, sign * unit.times, unit.per)


def placed(device: str, channel: str, times: int = 1, per: int = 1) -> Placed | NotPlaced:
    """A place, if the device can be called so."""
    if not device:
        return NotPlaced("nothing names its device")
    if not re.fullmatch(DEVICE.pattern, device):
        return NotPlaced(f"its device is not {DEVICE.wanted}: {sixty_fourth(device)}")
    return Placed(device, channel, times, per)


def device_in_labels(labels: Mapping[str, str]) -> str:
    """The device that labels name; empty: they name none.

    Without a label that is made for it, all others together are the device's name (``cellar/2``),
    so that two series never become one device unseen.
    """
    name = next((labels[label] for label in DEVICE_LABELS if labels.get(label)), "")
    if not name:
        without = {*PART_LABELS, *PLACE_LABELS, *_OTHER_LABELS}
        others = [value for label, value in labels.items() if label not in without and value]
        place = next((labels[label] for label in PLACE_LABELS if labels.get(label)), "")
        name = "/".join(others) or place
    parts = [labels[label] for label in PART_LABELS if labels.get(label)]
    return "/".join([name, *parts]) if name else ""


def counts_in_labels(labels: Mapping[str, str]) -> Counts:
    """How an energy is counted, where labels say it as Home Assistant does."""
    return next((_COUNTS.get(labels[name], "") for name in _COUNT_LABELS if name in labels), "")


def _plain(name: str) -> str:
    """A name as a header of a table has it: words, and the unit last."""
    return _short_unit(_TOTAL.sub("", _HUMPS.sub("_", name)))


def _short_unit(text: str) -> str:
    """A text with ``wh`` and ``kwh`` for watt hours in words."""
    return _WATT_HOURS.sub(lambda found: f"{(found[1] or '')[:1].lower()}wh", text)


def _unfit(value: ValueName, header: ColumnHeader, unit: Unit | None) -> str:
    """Why a value is none of a channel; empty: it may be."""
    if value.unit and unit is None:
        return f"{_quoted(value)}: no channel has the unit {sixty_fourth(value.unit)}"
    if unit is None:
        return f"{_quoted(value)}: nothing says its unit"
    if header.is_money or _NOT_MEASURED.search(header.words):
        return f"{_quoted(value)} is nothing that a channel counts"
    if unit.channel == ENERGY and _OF_A_SPAN.search(header.words):
        return f"{_quoted(value)} begins anew after a day or another span"
    return ""


def _counts(value: ValueName, header: ColumnHeader) -> Counts:
    """How an energy is counted: as the sender says, else as its name does."""
    if by_sender := value.counts or counts_in_labels(value.label):
        return by_sender
    if _TOTAL.search(value.name) or re.search(r"\btotal\b", header.words):
        return "register"
    if header.counts == "register":
        return "register"
    return "interval" if re.search(r"\b(interval|delta)\b", header.words) else ""


def _number(phase: str) -> str:
    return {"a": "1", "b": "2", "c": "3"}.get(phase, phase)


def _quoted(value: ValueName) -> str:
    return sixty_fourth(value.name)
