"""Simulations that live in a time of their own are in no sum of everything, and in no ranking."""

from __future__ import annotations

from energyguard.service.consumption.keys import written_ids
from energyguard.service.contract import Service


def left_out(service: Service) -> str:
    """What a question about everything leaves out, where nobody says it."""
    service.live.wait_for_readings()  # before, nobody knows whose clock shows what
    return written_ids(service.live.apart())
