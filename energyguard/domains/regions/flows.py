"""What reads topics of homes in regions."""

from __future__ import annotations

from energyguard.domains.regions.topics import PLACES
from energyguard.flow import Flow
from energyguard.model.topics import EDGE_READINGS

REGIONS = Flow("regions", (EDGE_READINGS, PLACES), "domains/regions/live/regions.py", ())
