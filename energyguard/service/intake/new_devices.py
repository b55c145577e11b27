"""How many devices that nobody has sent before one sender may bring in an hour.

Every name costs memory, here and in the worker, for as long as it is remembered; and a wrong column
taken for the device makes a new one of every row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from threading import Lock

import pyarrow as pa
import pyarrow.compute as pc

from energyguard.clock import Clock
from energyguard.errors import EnergyGuardError, OutOfRange, Overloaded
from energyguard.history import History
from energyguard.ports.policy import Rates
from energyguard.service.live.live import LiveProjection
from energyguard.telemetry import logger

HOUR_S = 3_600.0
ASK_AGAIN_S = 60.0
_RAISE = "`--set serve.new_devices=…` allows more"

_log = logger(__name__)


class NewDevices:
    """Which devices there are, and who brought how many new ones. Thread-safe."""

    def __init__(self, an_hour: int, clock: Clock, known: Callable[[], Iterable[str]]) -> None:
        """Begin without knowing any.

        Args:
            an_hour: how many one sender may bring.
            clock: for the hour.
            known: the devices that there are; asked where a sender brings too many.
        """
        self._an_hour, self._clock, self._ask = an_hour, clock, known
        self._rates = Rates(clock, an_hour / HOUR_S, an_hour)
        self._known: set[str] = set()
        self._looked_s = float("-inf")
        self._lock = Lock()

    def check(self, sender: str, batch: pa.RecordBatch) -> None:
        """Let a batch's devices be known from now on, or refuse the batch.

        Raises:
            OutOfRange: there are more new names in it than an hour allows.
            Overloaded: the sender has brought too many lately.
        """
        names = pc.unique(batch.column("device")).to_pylist()
        with self._lock:
            if (new := self._new(names)) and self._wait_s(sender, new):
                self._learn()
                new = self._new(names)
                if new and (wait_s := self._wait_s(sender, new)):
                    raise self._refusal(sender, len(new), wait_s)
            self._rates.take(sender, len(new))
            self._known.update(new)

    def _new(self, names: list[str]) -> list[str]:
        return [name for name in names if name not in self._known]

    def _wait_s(self, sender: str, new: list[str]) -> float:
        return self._rates.wait(sender, len(new))

    def _learn(self) -> None:
        """Ask which devices there are, at most once a minute.

        At first, after a start, it may turn out that some were not new at all: none counts then.
        """
        now = self._clock.monotonic()
        if now < self._looked_s + ASK_AGAIN_S:
            return
        known = set(self._ask())
        if self._looked_s == float("-inf") and known & self._known:
            self._rates.forget()
        self._looked_s = now
        self._known.update(known)

    def _refusal(self, sender: str, many: int, wait_s: float) -> EnergyGuardError:
        _log.warning("too many new devices at once", sender=sender, new=many)
        if many > self._an_hour:
            return OutOfRange(
                f"{many} devices in it were never sent before, and a token may bring "
                f"{self._an_hour} an hour: is another column taken for the device? Nothing was "
                f"taken; send fewer at once, or {_RAISE}",
                "device",
            )
        return Overloaded(
            f"{many} devices in it were never sent before, and this token has brought its "
            f"{self._an_hour} of this hour: nothing was taken; wait, or {_RAISE}",
            wait_s,
        )


def known_to(history: History, live: LiveProjection) -> Callable[[], Iterable[str]]:
    """Asks history and live view which devices there are."""

    def ask() -> set[str]:
        found = {view.device for view in live.devices()}
        try:
            found.update(history.query("devices", device="").column("device").to_pylist())
        except EnergyGuardError as error:
            _log.warning("the history does not say which devices there are", reason=str(error))
        return found

    return ask
