"""What every log promises: the only coupling between stages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Final, Protocol

from energyguard.log.records import Fetched, Records, TopicPartition

Positions = Mapping[TopicPartition, int]
EARLIEST: Final = "@earliest"
LATEST: Final = "@latest"
MAX_BYTES: Final = 8 * 2**20
"""A read stops here: one record may hold thousands of readings."""


class Membership(Protocol):
    """A member's place in a consumer group: the partitions it owns, under one generation."""

    @property
    def group(self) -> str:
        """The group's name."""
        ...

    @property
    def generation(self) -> int:
        """Grows with each change of owners; a transaction of an older one is fenced."""
        ...

    @property
    def assigned(self) -> Positions:
        """The partitions owned now, each with the position that the group has committed."""
        ...

    def poll(self) -> bool:
        """Say that this member lives, and take changes of ownership: true if there was one.

        To be called every second or so; a member silent for the session time-out (default 10 s)
        loses its partitions. Partitions that others gained are missing from ``assigned``
        afterwards; their state must be let go.
        """
        ...

    def leave(self) -> None:
        """Give the partitions up at once."""
        ...


class Transaction(Protocol):
    """Outputs and positions: all or nothing."""

    def append(self, topic: str, records: Records) -> None:
        """Add records to the outputs."""
        ...

    def move(self, positions: Positions) -> None:
        """Set the group's positions: the next offset to read of each partition."""
        ...


class Log(Protocol):
    """An ordered, replayable record; the only coupling between stages.

    ``gapless`` says whether the offsets of a partition count its records one by one.
    """

    gapless: bool

    def append(self, topic: str, records: Records) -> Positions:
        """Append; return the next offset of each partition written. Durable on return.

        Records with ``partitions`` go where these say; others go by their key's murmur2, and
        without a key to the partitions in turn. A topic of the table is made on first use.

        Raises:
            NotFound: the table has no such topic.
            DiskFull, Overloaded, Unavailable: nothing was taken; ``retry_after`` says when.
        """
        ...

    def read(
        self, at: Positions, limit: int, wait: float, room: int = MAX_BYTES
    ) -> Sequence[Fetched]:
        """Records from these positions on, at most about ``limit``, waiting up to ``wait`` s.

        It ends after about ``room`` bytes. Only committed records are seen. Returns an empty list
        when nothing came.

        Raises:
            BehindRetention: a position is older than what is left.
        """
        ...

    def join(self, group: str, topics: Sequence[str]) -> Membership:
        """Become a member of a group that reads topics; a name may end in ``*``.

        A new group starts at the earliest record.
        """
        ...

    def transaction(self, membership: Membership) -> AbstractContextManager[Transaction]:
        """Outputs and positions in one commit when the block ends; nothing when it raises.

        Raises:
            Fenced: on commit, another member owns one of the membership's partitions by now, or
                the lease ran out and somebody noticed.
        """
        ...

    def positions(self, topic: str, of: str) -> Positions:
        """Per partition: the ``EARLIEST`` offset left, the ``LATEST`` (the next to be written),
        or the position that the group named ``of`` has committed. A family (``replay.*``) gives
        the partitions of all its members.
        """
        ...

    def close(self) -> None:
        """Let go of files and connections."""
        ...
