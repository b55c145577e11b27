"""Records of ``energyguard.silences``: alerts that nobody wants to hear of for a while."""

from __future__ import annotations

from typing import Annotated

import msgspec

from energyguard.model import topics
from energyguard.records.contract import TopicRecord, doc


class StandingSilence(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Which alerts are quiet, and until when."""

    until_ms: Annotated[int, doc("Wall time.", "ms")]
    by: str
    at_ms: Annotated[int, doc("When it was made, wall time.", "ms")]
    selector: Annotated[str, doc("Which devices: `site=lindenhof`; empty: all.")] = ""
    rule: Annotated[str, doc("The id of a rule; empty: all of them.")] = ""
    note: str = ""
    ended_by: Annotated[str, doc("Who ended it by hand: it lasts no longer than until then.")] = ""
    from_ms: Annotated[int, doc("It begins then, wall time; 0: when it was made.", "ms")] = 0
    every: Annotated[
        str, doc("It holds in these times alone: `sun 02:00-06:00`; empty: all the time.")
    ] = ""
    zone: Annotated[str, doc("Whose clock `every` goes by: `Europe/Berlin`.")] = ""


STANDING_SILENCE = TopicRecord(topics.SILENCES, StandingSilence, "silence")
