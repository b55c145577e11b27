"""A service with a rule of each kind and side, and the alerts that the windows made of it."""

from __future__ import annotations

import functools
import math
from pathlib import Path

from energyguard.records.alerts import AlertEvent
from energyguard.rules.rule import Rule
from energyguard.settings.tree import Settings
from tests.application.service import MadeUpService, put
from tests.application.world import START
from tests.rules.lives import Row, events

RULES = """
[[rule]]
kind = "rate"
id = "climbs"
channels = ["temperature_c"]
window = "1 minute"
slide = "30 seconds"
raise_above = "60"
direction = "up"

[[rule]]
kind = "silence"
id = "mute"
longer_than = "10 minutes"

[[rule]]
kind = "state"
id = "cold"
channels = ["temperature_c"]
raise_below = "16"
longer_than = "1 minute"

[[rule]]
id = "idle"
channels = ["energy_kwh"]
window = "5 minutes"
slide = "1 minute"
raise_below = "1.0"

[[rule]]
id = "thirsty"
channels = ["energy_kwh"]
window = "5 minutes"
slide = "1 minute"
raise_above = "1.5"

[[rule]]
kind = "demand"
id = "peaks"
channels = ["energy_kwh"]
raise_above = 20
"""
IDS = ("climbs", "mute", "cold", "idle", "thirsty", "peaks")


def service_of_kinds(folder: Path) -> MadeUpService:
    """All these rules run, and each has raised an alert."""
    file = folder / "kinds.toml"
    file.write_text(RULES)
    rules = {"files": (file,), "use": IDS}
    service = MadeUpService(settings=Settings.model_validate({"data_dir": folder, "rules": rules}))
    for event in alerts_of(tuple(service.rules.active())):
        put(service.log, "energyguard.alerts", event.device, event, service.began)
        service.book.tell(event, service.began)
    return service


@functools.cache
def alerts_of(rules: tuple[Rule, ...]) -> list[AlertEvent]:
    """What becomes of a cellar that cools down and a kitchen that warms up, of a home that idles
    and one that does not, and of a meter that is cut off.
    """
    rows: list[Row] = []
    for second in range(0, 1_800, 15):
        warmth = 4 * math.tanh((second - 900) / 120)
        rows.append(("cellar", "temperature_c", second, 18 - warmth))
        rows.append(("kitchen", "temperature_c", second, 21 + warmth))
        rows.append(("H001", "energy_kwh", second, 0.045))
        rows.append(("H002", "energy_kwh", second, 0.09 if second < 900 else 0.06))
        if second < 600:
            rows.append(("H003", "energy_kwh", second, 0.06))
    return events(rules, rows, lateness_s=60, until_s=1_800, start_ms=START - 1_800_000)
