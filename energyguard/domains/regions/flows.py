"""What reads and writes topics of homes in regions."""

from __future__ import annotations

from energyguard.domains.regions.topics import PLACES
from energyguard.flow import Flow, Role
from energyguard.model.topics import EDGE_READINGS

PLACING = Flow(
    "places", (), "domains/regions/places.py", (PLACES,), tables=(PLACES,)
)  # the cloud's role plays it, in its own transaction
REGIONS = Flow("regions", (EDGE_READINGS, PLACES), "domains/regions/live/regions.py", ())
PORT = Role("regions", "energyguard.domains.regions.page.port:run", needs="regions.listen")
