"""Failed log-ins of an address, with the form, a link or a token: counted, logged, slowed."""

from __future__ import annotations

from threading import Lock
from typing import Literal

from starlette.types import Scope

from energyguard.clock import Clock
from energyguard.errors import Overloaded
from energyguard.limits import FAILED_LOGIN_S, FAILED_LOGINS
from energyguard.ports.policy import Rates
from energyguard.telemetry import METRICS, logger

_log = logger(__name__)

How = Literal["form", "link", "token", "password"]


class Attempts:
    """Who failed how often lately. Thread-safe."""

    def __init__(self, clock: Clock) -> None:
        self._rates = Rates(clock, 1 / FAILED_LOGIN_S, FAILED_LOGINS)
        self._lock = Lock()

    def failed(self, scope: Scope, how: How) -> None:
        """Take note of a failure; the log has the first ones of an address, and some later."""
        METRICS["login_failures"].labels(how).inc()
        address = address_of(scope)
        with self._lock:
            too_many = self._rates.take(address) > 0
        if not too_many:
            _log.warning("log-in refused", address=address, how=how)

    def slowed(self, scope: Scope) -> Overloaded | None:
        """The refusal that an address gets which failed too often; None: it may try."""
        with self._lock:
            wait_s = self._rates.wait(address_of(scope))
        if not wait_s:
            return None
        return Overloaded("too many log-ins of this address failed: wait", wait_s)


def address_of(scope: Scope) -> str:
    """The address at the other end of a request's connection."""
    client = scope.get("client") or ("", 0)
    return str(client[0])
