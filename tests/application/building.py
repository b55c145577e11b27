"""The made-up floors: what each measures when; one is silent, one lacks its current."""

from __future__ import annotations

from energyguard.errors import NotFound
from energyguard.model.alerts import Severity, State
from energyguard.records.alerts import AlertEvent, alert_id
from energyguard.rules.profile.calendar import SLOTS, slot_label
from energyguard.service.profiles import DeviceProfile, DeviceProfiles, UsualHalfHour
from energyguard.service.views import DeviceView, ReadingView
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
    """What is said of the floor that surges: it passed its limit, and what is usual for it."""
    kw = floor_kw(SURGE, START - HOUR)
    above = f"{SURGE}: {kw:.1f} kW is above 15 kW"
    unusual = f"{SURGE}: {kw:.1f} kW on Sat 16:00–16:30 is 18.6 sigma above the usual 10.5 kW"
    made = [_surge("floor-kw", kw, 15.0, above), _surge("pattern-kw", kw, 12.5, unusual)]
    return made if floors else []


def _surge(rule: str, kw: float, limit: float, about: str) -> AlertEvent:
    since, observed = START - HOUR, round(kw * 10**9)
    return AlertEvent(
        id=alert_id(TOPIC, rule, SURGE, "power_kw", since), rule=rule, device=SURGE,
        channel="power_kw", severity=Severity.WARNING, state=State.FIRING, time_ms=since,
        since_ms=since, window_start_ms=since, window_end_ms=since, observed=observed,
        expected=round(limit * 10**9), peak=observed, unit="kW", topic=TOPIC, about=about,
    )  # fmt: skip


class MadeUpProfiles(DeviceProfiles):
    """What is usual for the power of the floors: of weekends too little is known by night."""

    def get(self, device: str, channel: str = "", rule: str = "") -> DeviceProfile:
        """What is usual for a floor."""
        if not device.startswith("p") or channel not in ("power_kw", "energy_register_kwh"):
            raise NotFound(f"nothing is known of what is usual for {device!r}")
        half_hours = []
        for slot in range(SLOTS):
            usual = floor_kw(device, slot * HOUR // 2) if device != SURGE else 10.5
            known = slot < 5 * 48 or 8 <= slot % 48 // 2 < 20
            half_hours.append(
                UsualHalfHour(slot_label(slot), usual, 0.5, usual - 2, usual + 2, 9)
                if known
                else UsualHalfHour(slot_label(slot), None, None, None, None, 1)
            )
        return DeviceProfile(
            device, channel, "pattern-kw", "kW", "UTC", (), "up", tuple(half_hours)
        )
