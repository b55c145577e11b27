"""The tables of the embedded history: the raw ones of ``records/``, roll-ups, and working tables.

A row of a roll-up says what happened in a bucket of time. It is replaced as a whole by the row
inserted last; nothing is ever added to one.
"""

from __future__ import annotations

from typing import Final

from energyguard.history.corrections.corrected_tables import CORRECTING, SENT_READINGS
from energyguard.history.rollups import rollup_kinds
from energyguard.records.registry import TABLES

WORKING: Final = (
    *(table for kind in rollup_kinds() for table in kind.working),
    CORRECTING,
)
ALL: Final = (
    *TABLES.values(),
    *(table for kind in rollup_kinds() for table in kind.tables),
    SENT_READINGS,
    *WORKING,
)
