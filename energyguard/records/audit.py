"""Records of ``energyguard.audit``: who came in, who was refused, who changed what."""

from __future__ import annotations

from typing import Annotated

import msgspec

from energyguard.model import topics
from energyguard.records.contract import TopicRecord, doc


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something that somebody did, or was refused."""

    at_ms: Annotated[int, doc("Wall time.", "ms")]
    by: Annotated[str, doc("Who: a person, a token; empty: nobody knows.")]
    act: Annotated[str, doc("What, in a word or two: `log-in`, `refused`, `rule change`.")]
    about: Annotated[str, doc("Of what: a rule, a key of the catalogue, a path.")] = ""
    note: str = ""
    address: Annotated[str, doc("From where.")] = ""


AUDIT_ENTRY = TopicRecord(topics.AUDIT, AuditEntry, "who")
