"""The power of a charger, as the name of its model tells."""

from __future__ import annotations

import re

_RATED = re.compile(r"(\d+(?:\.\d+)?)\s*kW", re.IGNORECASE)
RAPID_KW = 50.0


def rating_kw(model: str) -> float | None:
    """The power that a model's name tells; a rapid charger without one has 50 kW."""
    if found := _RATED.search(model):
        return float(found[1])
    return RAPID_KW if "rapid" in model.lower() else None
