"""Homes in regions, measured at the edge: system E's co-simulation, places, page and port.

topics.py, records.py, flows.py   what is written and read
dialect.py, recordings.py, generated.py   what homes send, from files or made up
homes.py, scenario.py     homes played into an edge's log; what `up` prepares for that
config.py, commands.py, mosaik/           system E's co-simulation
states.py, places_file.py, places.py, groups.py   where homes stand, and who is shown with whom
home_places.py            what the catalogue sees of it
live/      power by state now, as it may be shown; queries/: in the past
routes.py, view.py, region_words.py  API and page; germany.json: the map's outline
port.py, port_page.py                system E's port
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
    views=(f"{HERE}.view:VIEW",),
    commands={"simulate mosaik": f"{HERE}.commands:mosaik"},
    simulators=(
        Simulator(
            name="regions",
            role="simulate-regions",
            run=f"{HERE}.homes:run",
            on_request=True,
            prepare=f"{HERE}.scenario:prepare",
        ),
    ),
    places=DomainPlaces(fold=f"{HERE}.home_places:StatePlaces", topics=(PLACES,)),
    enrichment=f"{HERE}.places:places",
)
