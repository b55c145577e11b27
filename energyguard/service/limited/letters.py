"""Dead letters, and how readings ended, for somebody who is limited to sites.

A letter is a row that could not be read, so whose it is has to be seen in its words: it is shown
to who sees a device that it names, and sees every other device that it names. What names none, or
came as more than a line, is shown to nobody who sees some sites.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from typing import Final

import pyarrow as pa

from energyguard.codecs.refusals import ANY_SHAPE
from energyguard.errors import NotFound
from energyguard.model.readings import Verdict
from energyguard.service.contract import Service
from energyguard.service.limited.site_scope import SiteScope
from energyguard.service.views import DeadLetter, Quality

MAX_LOOKED_AT: Final = 5_000
"""So many of the newest letters of all are looked at."""
MAX_SHOWN: Final = 4_096
_BLOCK: Final = 1_000
_WORD: Final = re.compile(r"""[^\s,;"'{}\[\]=|<>()]+""")
_NUMBER: Final = re.compile(r"[-+.:\dTZeE]*")


class LimitedLetters:
    """The dead letters of devices that are seen.

    Args:
        service: the whole of it.
        scope: what is seen.
        names: what domains call devices that are seen, beside their ids.
    """

    def __init__(
        self, service: Service, scope: SiteScope, names: Callable[[], Collection[str]]
    ) -> None:
        self._all, self._scope, self._names = service, scope, names

    def newest(self, limit: int = 100, before: int | None = None) -> list[DeadLetter]:
        """The newest letters that are seen, newest first."""
        found: list[DeadLetter] = []
        for letter in self._newest(before):
            if len(found) == limit:
                break
            found += [letter] if self.sees(letter) else []
        return found

    def one(self, offset: int) -> DeadLetter:
        """One letter.

        Raises:
            NotFound: there is none at this offset that is seen.
        """
        letter = self._all.dead_letter(offset)
        if not self.sees(letter):
            raise NotFound(f"no dead letter {offset}")
        return letter

    def sees(self, letter: DeadLetter) -> bool:
        """Whether a letter names devices that are seen, and no other."""
        shape, _, given = letter.shape.partition("@")
        if shape == ANY_SHAPE or letter.size > MAX_SHOWN or "\n" in letter.original.strip():
            return False
        words = {word for word in _words(letter.original) if not _NUMBER.fullmatch(word)}
        words |= {given} - {""}
        own = self._scope.devices | frozenset(self._names())
        if not words & own:
            return False
        others = (words | set(letter.source.partition(":")[2].split("/"))) - own
        return not any(self._scope.is_elsewhere(o) or self._all.live.device(o) for o in others)

    def _newest(self, before: int | None) -> Iterator[DeadLetter]:
        left = MAX_LOOKED_AT
        while left > 0 and (block := self._all.dead_letters(min(_BLOCK, left), before)):
            yield from block
            before, left = block[-1].offset, left - len(block)

    def quality(self, query: Callable[..., pa.Table], now_ms: int) -> Quality:
        """How readings of devices that are seen ended; how far the worker is, is of all.

        Args:
            query: asks the history, of these devices.
            now_ms: the wall clock.
        """
        ended: dict[str, int] = {}
        rows = query("verdicts", device="", start_ms=0, end_ms=now_ms + 1)
        for row in rows.to_pylist():
            ended[row["verdict"]] = int(row["readings"])
        letters = self.newest(MAX_LOOKED_AT)
        refused = Counter((letter.verdict, letter.field) for letter in letters)
        verdicts = Counter(letter.verdict for letter in letters)
        return Quality(
            accepted=ended.get("kept", 0),
            late=ended.get("late", 0),
            duplicate=ended.get("duplicate", 0),
            conflicting=ended.get("conflicting", 0),
            ahead=ended.get("ahead", 0),
            malformed=verdicts[Verdict.MALFORMED],
            out_of_range=verdicts[Verdict.OUT_OF_RANGE],
            refused_by={f"{verdict} {field}": n for (verdict, field), n in refused.most_common()},
            dead_letters=len(letters),
            partitions=(),
        )


def _words(text: str) -> Iterator[str]:
    """What may be the id of a device: words, and their parts where a colon parts name and value."""
    for word in _WORD.findall(text):
        yield word
        yield from word.split(":")
