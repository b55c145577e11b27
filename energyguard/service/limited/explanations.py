"""Why energies are what they are, for somebody who is limited to sites."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pyarrow as pa

from energyguard.service.explain.contract import (
    BoundedEnergy,
    EnergyExplanation,
    Explanations,
    OriginalReading,
)
from energyguard.service.limited.site_scope import SiteScope


class LimitedExplanations:
    """Explanations of what is seen.

    Args:
        seen: over a service that knows only that.
        scope: what is seen.
    """

    def __init__(self, seen: Explanations, scope: SiteScope) -> None:
        self._seen, self._scope = seen, scope

    def of(
        self,
        key: str,
        start_ms: int,
        end_ms: int,
        zone: str = "",
        everything: bool = False,
        as_known_ms: int | None = None,
    ) -> EnergyExplanation:
        """Why an energy is what it is, or was by a wall time.

        Raises:
            Forbidden: it is not seen, or not all of it.
        """
        self._scope.check_keys([key] if key else [])
        return self._seen.of(key, start_ms, end_ms, zone, everything, as_known_ms)

    def bounds(self, key: str, borders: Sequence[int]) -> list[BoundedEnergy] | None:
        """What was used between borders, at least and at most; None: too much to look at.

        Raises:
            Forbidden: it is not seen, or not all of it.
        """
        self._scope.check_keys([key] if key else [])
        return self._seen.bounds(key, borders)

    def known(self, ms: int) -> Callable[..., pa.Table]:
        """Answers questions of devices that are seen as they were known by a wall time."""
        answer = self._seen.known(ms)

        def of_seen(name: str, device: str, **parameters: object) -> pa.Table:
            """Answer a question.

            Raises:
                Forbidden: the device is not seen.
            """
            self._scope.check(device)
            return answer(name, device=device, **parameters)

        return of_seen

    def originals(self, device: str, time_ms: int) -> list[OriginalReading]:
        """The readings of a device at a time; without the bytes in which there are others, too.

        Raises:
            Forbidden: the device is not seen.
        """
        self._scope.check(device)
        return [self._shown(found) for found in self._seen.originals(device, time_ms)]

    def _shown(self, found: OriginalReading) -> OriginalReading:
        if found.devices <= self._scope.devices:
            return found
        return replace(found, text="", readings=0, devices=frozenset(), withheld=True)
