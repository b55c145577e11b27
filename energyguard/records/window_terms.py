"""Records of ``energyguard.window-terms``: what windows of a device hold that a rule sums up."""

from __future__ import annotations

from typing import Annotated

import msgspec

from energyguard.model import topics
from energyguard.records.contract import TopicRecord, doc


class WindowTerms(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Windows of a term of a virtual device that were closed, in the order of their ends.

    What ends before the last of them and is in no record holds nothing.
    """

    topic: Annotated[str, doc("The topic of the readings.")]
    rule: Annotated[str, doc("The rule that is about the virtual device.")]
    meaning: Annotated[str, doc("What its windows are, and by which number of them it goes.")]
    device: Annotated[str, doc("The virtual device.")]
    term: Annotated[str, doc("The device whose windows they are.")]
    channel: str
    windows: Annotated[
        list[tuple[int, int | None]],
        doc(
            "Of each: its end in ms, and in 1e-9 kWh what it holds, as counted or at least or at "
            "most, as the rule goes by; null: it says nothing."
        ),
    ]
    silence: Annotated[
        tuple[int, int | None] | None,
        doc(
            "The device's last silence when they closed: its newest reading before, and its first "
            "one after, or null where it lasts. Windows that end in it are not covered.",
            "ms",
        ),
    ] = None


WINDOW_TERM = TopicRecord(topics.WINDOW_TERMS, WindowTerms, "the virtual device")
