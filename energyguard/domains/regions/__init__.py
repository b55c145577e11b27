"""Homes in regions, measured at the edge: system E's co-simulation, places, page and port.

topics.py, records.py, flows.py   what is written and read
dialect.py                what homes send
simulator/ homes played into an edge's log, from files or made up; what `up` prepares for that
config.py, commands.py, mosaik/           system E's co-simulation
states.py, places_file.py, places.py, groups.py   where homes stand, and who is shown with whom
home_places.py            what the catalogue sees of it
live/      power by state now, as it may be shown; queries/: in the past
routes.py  API
page/      the view, its map and its words; system E's port
"""

from pathlib import Path

from energyguard.domain import Domain, DomainPlaces, Projection, Simulator
from energyguard.domains.regions.flows import PLACING, PORT, REGIONS
from energyguard.domains.regions.topics import PLACES, TOPICS

HERE = "energyguard.domains.regions"
DOMAIN = Domain(
    name="regions",
    topics=TOPICS,
    dialects=(f"{HERE}.dialect:DIALECT",),
    records=f"{HERE}.records:RECORDS",
    archived=(PLACES,),
    flows=(PLACING,),
    roles=(PORT,),
    projections=(
        Projection(
            name="regions",
            flow=REGIONS,
            follow=f"{HERE}.live.regions:RegionProjection",
            span="region_span",
        ),
    ),
    queries=Path(__file__).parent / "queries",
    routes=(f"{HERE}.routes:router",),
    views=(f"{HERE}.page.view:VIEW",),
    commands={"simulate mosaik": f"{HERE}.commands:mosaik"},
    simulators=(
        Simulator(
            name="regions",
            role="simulate-regions",
            run=f"{HERE}.simulator.homes:run",
            on_request=True,
            prepare=f"{HERE}.simulator.scenario:prepare",
        ),
    ),
    places=DomainPlaces(fold=f"{HERE}.home_places:StatePlaces", topics=(PLACES,)),
    enrichment=f"{HERE}.places:places",
)
