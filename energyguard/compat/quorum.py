"""Who keeps a key, and how many of them have to confirm."""

from __future__ import annotations

from energyguard.compat.shapes import TooManyCopies
from energyguard.errors import Unavailable
from energyguard.store.admin import ClusterAdmin
from energyguard.store.ring.membership import majority


class Owners:
    """The nodes that keep each series; the store itself, where it is one local file."""

    def __init__(self, cluster: ClusterAdmin | None, alone: str = "local") -> None:
        """Begin.

        Args:
            cluster: who knows; None: there is one node.
            alone: the name of that node.
        """
        self._cluster, self._alone = cluster, alone

    def of(self, series: str) -> tuple[str, ...]:
        """The nodes that have a series.

        Raises:
            Unavailable: there is no node.
        """
        if self._cluster is None:
            return (self._alone,)
        owners = self._cluster.membership.owners_of(series)
        if not owners:
            raise Unavailable("no node: the cluster has none yet")
        return owners

    def seeing(self, series: str) -> int:
        """How many owners have to be asked so that nothing acknowledged is missed.

        Raises:
            Unavailable: there is no node.
        """
        owners = self.of(series)
        return len(owners) - majority(owners) + 1


def required(copies: int | None, owners: tuple[str, ...]) -> int:
    """How many of the owners a request waits for.

    Raises:
        TooManyCopies: it is for more than there are.
    """
    if copies is None:
        return majority(owners)
    if copies > len(owners):
        raise TooManyCopies(f"{copies} nodes cannot confirm: {len(owners)} keep this key")
    return copies
