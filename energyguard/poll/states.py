"""Which devices do not answer: a small file beside the processes' own."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from energyguard.durable.atomic import write_atomically

SHOWN: Final = 3
OK: Final = "ok"


class SilentTarget(msgspec.Struct, frozen=True):
    """A device that does not answer: since when (ms since 1970), and what is wrong."""

    since_ms: int
    reason: str


class PollStates(msgspec.Struct, frozen=True):
    """How many devices are asked, and which of them do not answer, by their names.

    ``fault`` is why their file, which has changed, cannot be used: those of before are asked.
    """

    targets: int
    silent: dict[str, SilentTarget]
    fault: str = ""

    def words(self) -> str:
        """What is wrong with the file, and who does not answer, for people; ``ok``: nothing."""
        faults = [f"the devices of before are asked: {self.fault}"] if self.fault else []
        faults += [self._silence()] if self.silent else []
        return "; ".join(faults) or OK

    def _silence(self) -> str:
        named = [
            f"{name} (since {datetime.fromtimestamp(row.since_ms / 1000, UTC):%Y-%m-%d %H:%M} UTC: "
            f"{row.reason})"
            for name, row in list(self.silent.items())[:SHOWN]
        ]
        more = len(self.silent) - SHOWN
        named += [f"and {more} more"] if more > 0 else []
        verb = "does" if len(self.silent) == 1 else "do"
        return f"{len(self.silent)} of {self.targets} {verb} not answer: {'; '.join(named)}"


def _file(data_dir: Path) -> Path:
    return data_dir / "run" / "poll.json"


def write_states(data_dir: Path, states: PollStates) -> None:
    """Say how the devices are.

    Raises:
        DiskFull: there is no room.
    """
    path = _file(data_dir)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, msgspec.json.encode(states))


def forget_states(data_dir: Path) -> None:
    """Nobody asks any more."""
    _file(data_dir).unlink(missing_ok=True)


def states_in(data_dir: Path) -> PollStates | None:
    """What the role ``poll`` of a data folder says; None: it says nothing."""
    try:
        return msgspec.json.decode(_file(data_dir).read_bytes(), type=PollStates)
    except (OSError, msgspec.DecodeError):
        return None
