"""Why a row was not taken, in the reader's language.

The border writes its reason in English beside the row, where other programs read it. Those that
people meet are said here in their own words; a reason that is not known here stays as it is.
"""

from __future__ import annotations

import re
from typing import Final

from energyguard.page.words.language import _

_FIELD = r"(?P<field>[\w ]+)"
_REASONS: Final = tuple(
    (re.compile(pattern), words)
    for pattern, words in (
        (_FIELD + r" is negative: (?P<value>.*)", _("{field} is negative: {value}")),
        (
            _FIELD + r" is above the plausible (?P<limit>.*): (?P<value>.*)",
            _("{field} is above what is plausible, {limit}: {value}"),
        ),
        (
            _FIELD + r" is below the plausible (?P<limit>.*): (?P<value>.*)",
            _("{field} is below what is plausible, {limit}: {value}"),
        ),
        (
            _FIELD + r" is not a finite decimal number: (?P<value>.*)",
            _("{field} is not a decimal number: {value}"),
        ),
        (_FIELD + r" is not a number: (?P<value>.*)", _("{field} is not a number: {value}")),
        (
            _FIELD + r" is not a time such as (?P<example>\S+): (?P<value>.*)",
            _("{field} is not a time such as {example}: {value}"),
        ),
        (_FIELD + r" is missing", _("{field} is missing")),
        (r"not UTF-8 at byte (?P<n>\d+)", _("not UTF-8 at byte {n}")),
        (r"none of the three shapes of a signal", _("none of the three shapes of a signal")),
        (r"none of the three shapes", _("none of the three shapes of a signal")),
        (r"more or fewer cells than columns", _("more or fewer cells than columns")),
        (r"the row has no value", _("the row has no value")),
    )
)
"""What the border writes, and what is said."""


def why_refused(reason: str) -> str:
    """A reason of the border in the reader's words."""
    for pattern, words in _REASONS:
        if found := pattern.fullmatch(reason):
            return _(words).format(**found.groupdict())
    return reason
