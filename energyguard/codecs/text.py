"""Lines with a header or without: a header in the middle begins anew, as in files put together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from energyguard.codecs import Decoded
from energyguard.codecs.assembly import merge
from energyguard.codecs.columns import ColumnLayout
from energyguard.codecs.delimited import decode_lines, decode_sound
from energyguard.codecs.headers import TIMES, header_of, is_title, layout_of, unknown
from energyguard.codecs.limits import PlausibilityLimits
from energyguard.codecs.refusals import Refusals, lines_in, refused_whole

MAX_SECTIONS = 100
"""How often the columns may change in a block of lines."""
_TOO_MANY = f"the columns change more than {MAX_SECTIONS} times: send each table by itself"


class _Section(NamedTuple):
    """Lines under a header: those of a layout, or (None) those that are refused for a reason."""

    layout: ColumnLayout | None
    reason: str
    header: bytes
    lines: bytes
    first_row: int


class TextDecoder:
    """Decodes the blocks of one input, one after the other.

    Args:
        layout: what the columns of the first lines are; None: they are refused.
        reason: why they are refused.
        header: the line that said so.
        headed: whether a header may stand in the middle.
    """

    def __init__(
        self,
        layout: ColumnLayout | None,
        reason: str = "",
        header: bytes = b"",
        headed: bool = True,
    ) -> None:
        self._layout, self._reason, self._header = layout, reason, header
        self._headed = headed

    def decode(
        self,
        data: bytes,
        limits: PlausibilityLimits,
        device: str,
        first_row: int,
        single: int | None,
    ) -> Decoded:
        """Read a block of lines; ``single``: how many refused rows come back one by one."""
        if self._layout is not None:
            sound = decode_sound(data, self._layout, limits, device, first_row, single)
            if sound is not None:
                return sound
        refusals = Refusals(single)
        parts = []
        for section in self._sections(data, first_row):
            layout, lines, row = section.layout, section.lines, section.first_row
            if layout is None:
                whole = section.header + b"\n" + lines if section.header else lines
                count = lines_in(lines)
                refusals.add(refused_whole(whole, row, "header", section.reason, count))
            elif lines.strip():
                part = decode_lines(lines, layout, limits, device, row, single)
                refusals.extend(part.refused)
                parts.append(part)
        return merge([p.batch for p in parts], [p.rows for p in parts], refusals.rows())

    def _sections(self, data: bytes, first_row: int) -> Iterator[_Section]:
        """The block, cut where its columns change; the last section's header stays for the next."""
        pieces: list[bytes] = []
        start, row, sections = 0, first_row, 0
        for begin, end in _headers_in(data) if self._headed else ():
            header = data[begin:end].rpartition(b"\n")[2].rstrip(b"\r")
            names = header_of(header) or ()
            layout = layout_of(names)
            pieces.append(data[start:begin])
            start = min(end + 1, len(data))
            skipped = data[begin:start].count(b"\n")
            if layout is not None and layout is self._layout:
                pieces.append(b"\n" * skipped)
                continue
            lines = b"".join(pieces)
            yield _Section(self._layout, self._reason, self._header, lines, row)
            row += lines.count(b"\n") + skipped
            pieces, sections = [], sections + 1
            self._layout, self._reason = layout, "" if layout else unknown(names)
            self._header = header
            if sections == MAX_SECTIONS:
                self._layout, self._reason = None, _TOO_MANY
                break
        lines = b"".join([*pieces, data[start:]])
        yield _Section(self._layout, self._reason, self._header, lines, row)


def _headers_in(data: bytes) -> Iterator[tuple[int, int]]:
    """Where the headers in the middle of lines begin and end, with the title above them."""
    low, seen = data.lower(), dict[bytes, bool]()
    place = low.find(b"time")
    while place >= 0:
        begin = low.rfind(b"\n", 0, place) + 1
        end = low.find(b"\n", place)
        end = len(low) if end < 0 else end
        line = low[begin:end]
        if line not in seen:
            seen[line] = any(name in TIMES for name in header_of(line) or ())
        if seen[line]:
            above = low.rfind(b"\n", 0, max(0, begin - 1)) + 1
            titled = begin > 0 and is_title(low[above : begin - 1])
            yield (above if titled else begin), end
        place = low.find(b"time", end)
