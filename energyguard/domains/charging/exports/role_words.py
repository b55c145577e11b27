"""What a column of sessions may be, for people: the words of the page's menus."""

from __future__ import annotations

from collections.abc import Mapping

from energyguard.domains.charging.exports.columns import MAPPED, ROLES
from energyguard.page.words.language import _

_UNITS = {"kwh": "kWh", "wh": "Wh", "kw": "kW", "w": "W", "h": "h", "min": "min", "s": "s"}


def role_words() -> Mapping[str, str]:
    """The roles by their names, in the reader's language."""
    words = {
        "start": _("Start"),
        "start_date": _("Day of the start"),
        "start_time": _("Time of the start"),
        "end": _("End"),
        "end_date": _("Day of the end"),
        "end_time": _("Time of the end"),
        "date": _("Day"),
        "zone": _("Time zone"),
        "session": _("Number of the session"),
        "charger": _("Charger"),
        "connector": _("Connector"),
        "site": _("Site"),
        "user": _("User or card"),
        "model": _("Model"),
        "cost": _("Amount paid"),
        "price_kwh": _("Price of a kWh"),
        "currency": _("Currency"),
        "dmy": _("Time, day before month"),
        "mdy": _("Time, month before day"),
        "ymd": _("Time, year before month"),
        "ignore": _("not read"),
    }
    amounts = {
        "energy": _("Energy"),
        "meter_start": _("Meter at the start"),
        "meter_stop": _("Meter at the end"),
        "power": _("Highest power"),
        "connected": _("How long it was plugged in"),
        "charging": _("How long it charged"),
    }
    for name, (role, _size) in MAPPED.items():
        words[name] = f"{amounts[role]}, {_UNITS[name.rpartition('_')[2]]}"
    return {role: words[role] for role in ROLES}
