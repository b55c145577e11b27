"""Roll-ups of chargers, an hour and a day: what the history keeps beside stays, charges, curves.

tables.py    the tables; ``*.sql``: how they are made
hours.py     which hours rows concern, and how these are replaced
sources.py   how queries read them
"""

from functools import partial

from energyguard.domains.charging.rollups.hours import MAX_MARKS, RAW, in_range, marks, replace
from energyguard.domains.charging.rollups.sources import LISTED_BAYS, PLACED, SOURCES
from energyguard.domains.charging.rollups.tables import TABLES, WORKING
from energyguard.history.rollup_kind import RollUpKind

CHARGING = RollUpKind(
    name="charging",
    raw=tuple(RAW),
    tables=TABLES,
    working=WORKING,
    sources=SOURCES,
    named={"placed_chargers": PLACED, "listed_bays": LISTED_BAYS},
    marks=marks,
    in_range=in_range,
    replace=lambda history: partial(replace, history),
    max_marks=MAX_MARKS,
)
