"""The service for each who asks: page and API have it from here, and from nowhere else."""

from __future__ import annotations

from threading import Lock

from energyguard.model.access import AccessRole, Caller
from energyguard.service.contract import Service
from energyguard.service.limited.service import LimitedService

MAX_CALLERS = 64
"""Kinds of callers whose services are kept."""


class CallerServices:
    """The service for each who asks: of equal roles and sites there is one. Thread-safe.

    Attributes:
        whole: the service without a limit.
    """

    def __init__(self, whole: Service) -> None:
        self.whole = whole
        self._kept: dict[tuple[AccessRole, tuple[str, ...]], LimitedService] = {}
        self._lock = Lock()

    def of(self, caller: Caller) -> Service:
        """The service as far as somebody may use it."""
        if caller.role is AccessRole.ADMIN and not caller.sites:
            return self.whole
        key = caller.role, caller.sites
        with self._lock:
            found = self._kept.pop(key, None) or LimitedService(self.whole, caller)
            self._kept[key] = found  # the one that was used last is the last
            if len(self._kept) > MAX_CALLERS:
                del self._kept[next(iter(self._kept))]
        return found
