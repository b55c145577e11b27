"""How Home Assistant is told of results (home-assistant.io/integrations/mqtt, *MQTT discovery*).

    homeassistant/device/energyguard_…/config   a device with its three sensors; retained
    PREFIX/DEVICE/state                         power_w, energy_today_kwh, alert; retained
    PREFIX/site/SITE/state                      the same of a site
    PREFIX/status                               online, or offline by the broker

``DEVICE`` and ``SITE`` are ids, percent-encoded. To Home Assistant a site is a device, too. Whoever
reads discovery leaves these out by their origin, as ``mqtt/discovery.py`` does.
"""

from __future__ import annotations

import re
from hashlib import blake2b
from typing import Final
from urllib.parse import quote

import msgspec

from energyguard.model.catalogue import DEVICE, SITE, parts_of
from energyguard.mqtt.discovery import OURS
from energyguard.results.measured import MeasuredResult

Message = tuple[str, bytes]
"""A topic and what is published there, retained."""

_SENSORS: Final = {
    "power": ("Power", {"dev_cla": "power", "stat_cla": "measurement", "unit_of_meas": "W"},
              "power_w"),
    "energy_today": ("Energy today", {"dev_cla": "energy", "stat_cla": "total_increasing",
                                      "unit_of_meas": "kWh"}, "energy_today_kwh"),
}  # fmt: skip

_MODELS: Final = {SITE: {"mdl": "Site"}}


def status_topic(prefix: str) -> str:
    """Where it stands whether results are published now."""
    return f"{prefix}/status"


def config_of(prefix: str, key: str, result: MeasuredResult) -> Message:
    """What a device or a site has, for Home Assistant; ``key`` is the catalogue's."""
    unique, model = _unique(key), _MODELS.get(parts_of(key)[0], {})
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
        "dev": {"ids": [unique], "name": result.name, "mf": OURS, **model},
        "o": {"name": OURS},
        "avty_t": status_topic(prefix),
        "stat_t": _state_topic(prefix, key),
        "cmps": {**sensors, "alert": alert},
    }
    return f"homeassistant/device/{unique}/config", msgspec.json.encode(config)


def state_of(prefix: str, key: str, result: MeasuredResult) -> Message:
    """What is so of a device or a site now."""
    state = {
        "power_w": result.power_w,
        "energy_today_kwh": result.energy_today_kwh,
        "alert": "ON" if result.has_alert else "OFF",
    }
    return _state_topic(prefix, key), msgspec.json.encode(state)


def _state_topic(prefix: str, key: str) -> str:
    kind, entry_id = parts_of(key)
    below = "" if kind == DEVICE else f"{kind}/"
    return f"{prefix}/{below}{quote(entry_id, safe='')}/state"


def _unique(key: str) -> str:
    """A name of letters, digits, ``_`` and ``-`` that no other device and no site has."""
    kind, entry_id = parts_of(key)
    named, digested = (entry_id, entry_id) if kind == DEVICE else (f"{kind}_{entry_id}", f"\0{key}")
    digest = blake2b(digested.encode(), digest_size=4).hexdigest()
    return f"energyguard_{re.sub(r'[^A-Za-z0-9_-]+', '_', named)[:40]}_{digest}"
