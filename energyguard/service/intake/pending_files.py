"""Files that people brought and have not imported yet, with what they answered: kept for a day.

They outlive the page on which they were dropped: a reload, a lost connection and a second window
show them again. They are no data of the service: they lie in temporary folders, and go with the
process. Used by the loop of the pages alone.
"""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

from energyguard.clock import Clock
from energyguard.files.found import FileAnswers

MAX_FILES: Final = 20
"""Of one person."""
MAX_PERSON_BYTES: Final = 256 * 2**20
MAX_BYTES: Final = 2**30
"""Of all people: for one more, the file that nobody looked at for longest is let go."""
KEEP_S: Final = 24 * 3_600.0
"""How long a file is kept after somebody looked at it last."""
MAX_NOTES: Final = 20


class LetGoReason(StrEnum):
    """Why a file was not kept."""

    AGE = "age"
    ROOM = "room"
    MISSING = "missing"


class LetGo(NamedTuple):
    """A file that was not kept, and why."""

    name: str
    reason: LetGoReason


@dataclass(eq=False, slots=True)
class PendingFile:
    """A file that waits for a person.

    Attributes:
        person: who brought it.
        path: the file, in a folder of its own.
        folder: that goes with it.
        size: in bytes.
        seen_s: when an open page showed it last, in seconds of the monotonic clock.
        is_whole: whether all of it has come.
        answers: what was said of it so far; None: nothing.
        typed: what stands in the fields below it.
    """

    person: str
    path: Path
    folder: TemporaryDirectory[str]
    size: int
    seen_s: float
    is_whole: bool = False
    answers: FileAnswers | None = None
    typed: dict[str, str] = field(default_factory=dict)


class PendingFiles:
    """The files of all people.

    Args:
        clock: tells how long they wait.
        max_bytes: of all people together.
    """

    def __init__(self, clock: Clock, max_bytes: int = MAX_BYTES) -> None:
        self._clock, self._max_bytes = clock, max_bytes
        self._files: list[PendingFile] = []
        self._notes: defaultdict[str, deque[LetGo]] = defaultdict(lambda: deque(maxlen=MAX_NOTES))

    def is_full(self, person: str, size: int) -> bool:
        """Whether a person's files leave no room for one more of ``size`` bytes."""
        mine = [file.size for file in self._files if file.person == person]
        return len(mine) >= MAX_FILES or sum(mine) + size > MAX_PERSON_BYTES

    def add(self, person: str, name: str, size: int) -> PendingFile:
        """Make room for a file that comes; it is shown when ``is_whole`` is set."""
        self._let_old_go()
        while self._files and self._bytes() + size > self._max_bytes:
            oldest = min(self._files, key=lambda file: file.seen_s)
            self._let_go(oldest, LetGoReason.ROOM)
        folder = TemporaryDirectory(prefix="energyguard-import-")
        path = Path(folder.name) / (Path(name).name or "file.csv")
        made = PendingFile(person, path, folder, size, self._clock.monotonic())
        self._files.append(made)
        return made

    def look(self, person: str) -> list[PendingFile]:
        """A person's files in the order in which they came: an open page shows them now."""
        self._let_old_go()
        mine = [file for file in self._files if file.person == person and file.is_whole]
        for file in mine:
            file.seen_s = self._clock.monotonic()
        for file in [file for file in mine if not file.path.exists()]:
            self._let_go(file, LetGoReason.MISSING)
            mine.remove(file)
        return mine

    def leave(self, file: PendingFile) -> None:
        """Forget a file, with its folder."""
        if self.hand_over(file):
            file.folder.cleanup()

    def hand_over(self, file: PendingFile) -> bool:
        """Forget a file whose folder is the caller's from now on; False: it is gone already."""
        if file not in self._files:
            return False
        self._files.remove(file)
        return True

    def notes(self, person: str) -> tuple[LetGo, ...]:
        """What of a person's was let go, the newest first, until that was read."""
        return tuple(reversed(self._notes.get(person, ())))

    def have_read(self, person: str) -> None:
        """Somebody has read what was let go."""
        self._notes.pop(person, None)

    def _bytes(self) -> int:
        return sum(file.size for file in self._files)

    def _let_old_go(self) -> None:
        before = self._clock.monotonic() - KEEP_S
        for file in [file for file in self._files if file.seen_s <= before]:
            self._let_go(file, LetGoReason.AGE)

    def _let_go(self, file: PendingFile, reason: LetGoReason) -> None:
        self.leave(file)
        self._notes[file.person].append(LetGo(file.path.name, reason))
