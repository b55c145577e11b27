"""Runs of plain ``<IntervalReading>`` elements, read at once: nearly all that a feed has.

The elements of a run are taken out of the text and one that stands for them is put there, so that
an XML parser reads only what is left. What is not plain stays: an attribute, an entity, a number
with blanks round it. Elements in place of elements leave the rest well-formed or not as it was.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa

RUN: Final = "energyguard-run"
"""The attribute of the element that stands for a run: its first reading and how many it has."""
_CLOSERS: Final = ("-->", "]]>", "?>")
_BLANKS: Final = "[ \t\n]*"
_NUMBER: Final = "[0-9.+-]{1,40}"
_MAX_BESIDE: Final = 8
_OPENING: Final = re.compile(r"<([A-Za-z][\w.-]*:|)IntervalReading>", re.ASCII)


class PlainRuns(NamedTuple):
    """A feed without its plain readings, and those.

    Attributes:
        rest: the feed, with an element that has the attribute ``RUN`` in place of each run.
        starts: when each reading starts, in ms since 1970.
        values: of each, as it stands there.
    """

    rest: bytes
    starts: Sequence[int]
    values: Sequence[str]

    def of(self, run: str) -> tuple[Sequence[int], Sequence[str]]:
        """Starts and values of a run, by its attribute."""
        first, count = map(int, run.split())
        return self.starts[first : first + count], self.values[first : first + count]


def plain_runs(data: bytes) -> PlainRuns | None:
    """The runs of a feed; None: it has none that can be told from other text.

    Args:
        data: of an encoding that has ASCII as ASCII does.
    """
    text = data.decode("latin-1")  # byte by byte: what is taken out is ASCII
    since = max(text.rfind(closer) for closer in _CLOSERS) + 1  # no comment, no CDATA from here
    opening = _OPENING.search(text, since)
    if opening is None or RUN in text:
        return None
    prefix, begin = opening[1], opening.start()
    pieces = _plain_reading(prefix).split(text[begin:])
    between, starts, values = pieces[0::3], pieces[1::3], pieces[2::3]
    if not starts:
        return None
    run_starts = [at for at, left in enumerate(between[:-1]) if left or not at]
    ends = [*run_starts[1:], len(starts)]
    rest = [text[:begin]]
    for at, end in zip(run_starts, ends, strict=True):
        rest += (between[at], f'<{prefix}IntervalReading {RUN}="{at} {end - at}"/>')
    rest.append(between[-1])
    seconds = np.asarray(pa.array(starts, pa.string()).cast(pa.int64()))
    return PlainRuns("".join(rest).encode("latin-1"), (seconds * 1_000).tolist(), values)


@lru_cache(maxsize=8)
def _plain_reading(prefix: str) -> re.Pattern[str]:
    """A plain reading and the blanks behind it: two groups, its start and its value."""

    def element(name: str, content: str) -> str:
        name = re.escape(prefix + name)
        return f"<{name}>{content}</{name}>{_BLANKS}"

    def around(content: str) -> str:
        return _BLANKS + content

    leaves = ("cost", "currency", "consumptionTier", "tou", "cpp")
    quality = element("ReadingQuality", around(element("quality", _NUMBER)))
    beside = "|".join((*(element(leaf, _NUMBER) for leaf in leaves), quality))
    besides = f"(?:{beside}){{0,{_MAX_BESIDE}}}"
    duration = f"(?:{element('duration', _NUMBER)})?"
    period = element("timePeriod", around(duration + element("start", "([0-9]{1,11})")))
    value = element("value", f"({_NUMBER})")
    whole = around(besides + period + besides + value + besides)
    return re.compile(element("IntervalReading", whole))
