"""The alert book: a fold of alert events and people's actions."""

from __future__ import annotations

from energyguard.alerts.alert import Alert, Told
from energyguard.model.alerts import State


class AlertBook:
    """Every alert. Thread-safe."""

    def open(self) -> list[Alert]:
        """The alerts that are not resolved, the newest first."""

    def get(self, id: str) -> Alert:
        """One alert.

        Raises:
            NotFound: there is none.
        """

    def story(self, id: str) -> list[Told]:
        """Everything that happened to an alert, in the order in which the log took it."""

    def find(
        self,
        state: State | None = None,
        device: str | None = None,
        rule: str | None = None,
        since_ms: int | None = None,
        limit: int = 100,
    ) -> list[Alert]:
        """Alerts, newest first, that fit all that is given."""
