"""The made-up floors: what each measures when; one is silent, one lacks its current."""

from __future__ import annotations

from energyguard.model.alerts import Severity, State
from energyguard.records.alerts import AlertEvent
from energyguard.service.views import DeviceView, ReadingView
from energyguard.stream.windows.output import alert_id
from tests.application.world import DAY, HOUR, START, chance

TOPIC = "energyguard.readings"
TICK = 30_000
SILENT, NO_CURRENT, SURGE = "p7", "p9", "p4"
UNITS = {"energy_register_kwh": "kWh", "power_kw": "kW", "current_a": "A", "voltage_v": "V"}


def floor_kw(device: str, t_ms: int) -> float:
    hour = t_ms % DAY / HOUR
    works = 6.0 if 7 <= hour < 19 else 0.0
    surge = 9.0 if device == SURGE and hour >= 16 else 0.0
    return 2.0 + works + int(device[1:]) % 5 / 2 + chance(device, t_ms // 60_000) + surge


def value(device: str, channel: str, t_ms: int) -> float:
    """What a floor's sensor says; a current fits its power, a counter rises by it."""
    kw = floor_kw(device, t_ms)
    if channel == "voltage_v":
        return 228.0 + 4 * chance(device, t_ms // TICK)
    if channel == "current_a":
        return kw / 0.23 / 0.95
    if channel == "energy_register_kwh":
        return 1_000.0 + t_ms % (30 * DAY) / HOUR * 6.0
    return kw


def in_step(device: str, channel: str, t_ms: int, step_ms: int) -> float:
    """What the history has of a step: kWh of a counter or a power, the mean of a level."""
    of_energy = channel in ("energy_register_kwh", "power_kw")
    return floor_kw(device, t_ms) * step_ms / HOUR if of_energy else value(device, channel, t_ms)


def channels(device: str) -> list[str]:
    return [name for name in UNITS if (device, name) != (NO_CURRENT, "current_a")]


def views(floors: int, t: int) -> list[DeviceView]:
    """The newest of every floor."""
    found = []
    for device in (f"p{n}" for n in range(1, floors + 1)):
        silent = device == SILENT
        at = (t - HOUR * silent) // TICK * TICK
        for channel in channels(device):
            kw = floor_kw(device, at) if channel == "power_kw" else None
            found.append(
                DeviceView(
                    device, channel, TOPIC, at, value(device, channel, at), UNITS[channel], kw,
                    silent,
                )
            )  # fmt: skip
    return found


def rows(floors: int, t: int, device: str) -> list[ReadingView]:
    """The newest readings of floors whose id contains a text, newest first."""
    named = [f"p{n}" for n in range(1, floors + 1) if device in f"p{n}"]
    return [
        ReadingView(name, channel, at, value(name, channel, at), UNITS[channel], TOPIC)
        for at in range(t // TICK * TICK, t - 10 * TICK, -TICK)
        for name in named
        if name != SILENT
        for channel in channels(name)
    ]


def alerts(floors: int) -> list[AlertEvent]:
    """What is said of the floor that surges: it passed its limit an hour before the start."""
    since = START - HOUR
    observed = round(floor_kw(SURGE, since) * 10**9)
    event = AlertEvent(
        id=alert_id(TOPIC, "floor-kw", SURGE, "power_kw", since), rule="floor-kw", device=SURGE,
        channel="power_kw", severity=Severity.WARNING, state=State.FIRING, time_ms=since,
        since_ms=since, window_start_ms=since, window_end_ms=since, observed=observed,
        expected=15 * 10**9, peak=observed, unit="kW", topic=TOPIC,
        about=f"{SURGE}: {observed / 10**9:.1f} kW is above 15 kW",
    )  # fmt: skip
    return [event] if floors else []
