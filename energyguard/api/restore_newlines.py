"""Bodies whose line ends were lost on the way: `curl -d @file` takes them out of the file.

A row of readings begins with a timestamp, `YYYY-MM-DDTHH:MM:SS`, and a year has four digits, so
where a row began is not in doubt: in `…,0.052512025-09-06T17:54:17Z,…` it is `2025-…`.
"""

from __future__ import annotations

import re

_ROW = re.compile(rb"(?<=[^\n])(?=\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d)")
_OBJECT = re.compile(rb"(?<=\})\s*(?=\{)")
FORM = "application/x-www-form-urlencoded"
"""The content type that curl gives to `-d` when nobody says another."""


def with_lines(body: bytes) -> bytes:
    """Put the line ends back into CSV or JSON lines that lost them; other bodies stay."""
    start = body.lstrip()[:1]
    if b"\n" in body or b"\r" in body or start == b"[":
        return body
    return (_OBJECT if start == b"{" else _ROW).sub(b"\n", body)
