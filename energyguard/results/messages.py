"""How Home Assistant is told of results (home-assistant.io/integrations/mqtt, *MQTT discovery*).

    homeassistant/device/energyguard_…/config   a device with its three sensors; retained
    PREFIX/DEVICE/state                         power_w, energy_today_kwh, alert; retained
    PREFIX/status                               online, or offline by the broker

``DEVICE`` is the device's id, percent-encoded. Whoever reads discovery leaves these out by their
origin, as ``mqtt/discovery.py`` does.
"""

from __future__ import annotations

import re
from hashlib import blake2b
from typing import Final
from urllib.parse import quote

import msgspec

from energyguard.mqtt.discovery import OURS
from energyguard.results.measured import DeviceResult

Message = tuple[str, bytes]
"""A topic and what is published there, retained."""

_SENSORS: Final = {
    "power": ("Power", {"dev_cla": "power", "stat_cla": "measurement", "unit_of_meas": "W"},
              "power_w"),
    "energy_today": ("Energy today", {"dev_cla": "energy", "stat_cla": "total_increasing",
                                      "unit_of_meas": "kWh"}, "energy_today_kwh"),
}  # fmt: skip


def status_topic(prefix: str) -> str:
    """Where it stands whether results are published now."""
    return f"{prefix}/status"


def config_of(prefix: str, device: str, result: DeviceResult) -> Message:
    """What a device has, for Home Assistant."""
    unique = _unique(device)
    sensors = {
        kind: {
            "p": "sensor", "name": name, "uniq_id": f"{unique}_{kind}", **facts,
            "val_tpl": f"{{{{ value_json.{field} }}}}",
        }
        for kind, (name, facts, field) in _SENSORS.items()
    }  # fmt: skip
    alert = {
        "p": "binary_sensor", "name": "Alert", "uniq_id": f"{unique}_alert", "dev_cla": "problem",
        "val_tpl": "{{ value_json.alert }}",
    }  # fmt: skip
    config = {
        "dev": {"ids": [unique], "name": result.name, "mf": OURS},
        "o": {"name": OURS},
        "avty_t": status_topic(prefix),
        "stat_t": _state_topic(prefix, device),
        "cmps": {**sensors, "alert": alert},
    }
    return f"homeassistant/device/{unique}/config", msgspec.json.encode(config)


def state_of(prefix: str, device: str, result: DeviceResult) -> Message:
    """What is so of a device now."""
    state = {
        "power_w": result.power_w,
        "energy_today_kwh": result.energy_today_kwh,
        "alert": "ON" if result.has_alert else "OFF",
    }
    return _state_topic(prefix, device), msgspec.json.encode(state)


def _state_topic(prefix: str, device: str) -> str:
    return f"{prefix}/{quote(device, safe='')}/state"


def _unique(device: str) -> str:
    """A name of letters, digits, ``_`` and ``-`` that no other device has."""
    digest = blake2b(device.encode(), digest_size=4).hexdigest()
    return f"energyguard_{re.sub(r'[^A-Za-z0-9_-]+', '_', device)[:40]}_{digest}"
