"""Homes in regions, measured at the edge: system E's co-simulation, places, page and port."""

from energyguard.domain import Domain
from energyguard.domains.regions.topics import TOPICS

HERE = "energyguard.domains.regions"
DOMAIN = Domain(name="regions", topics=TOPICS, records=f"{HERE}.records:RECORDS")
