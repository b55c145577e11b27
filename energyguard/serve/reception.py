"""Bytes in, a receipt out: decode, take in at the border, say what became of each row."""

from __future__ import annotations

from energyguard.config import WireSettings
from energyguard.log import Log
from energyguard.serve.views import Receipt
from energyguard.sources.intake import Intake

LISTED = 1_000
"""Refused rows that a receipt lists; all of them are dead letters."""


class Reception:
    """Where readings come in over the desk."""

    def __init__(self, log: Log, limits: WireSettings) -> None:
        self._intake = Intake(log)
        self._limits = limits

    def take(self, data: bytes, shape: str | None, source: str, topic: str) -> Receipt:
        """Decode bytes of a shape, or of any shape, and take them in."""
        raise NotImplementedError
