"""What the parts of the service promise: live projection, store, edges, silences, preferences.

``contract.py`` has the whole; what each verb does in full stands where it is made.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Collection, Container, Mapping
from typing import Protocol

from energyguard.records.preferences import Preferences
from energyguard.service.alerts.silence_view import SilencePreview, SilenceView
from energyguard.service.live.sums import LiveSums
from energyguard.service.views import (
    BackupView,
    ClusterView,
    DeviceView,
    EdgeView,
    Freshness,
    Kind,
    ReadingView,
    Update,
    WindowAlert,
)


class Live(Protocol):
    """The live projection: the newest of everything, at once."""

    @property
    def listeners(self) -> int:
        """How many subscriptions there are."""

    def newest_ms(self, topic: str | None = None) -> int | None:
        """The newest event time of a topic, or of all that measure energy."""

    def fresh(self, topic: str | None = None) -> Freshness:
        """Whether a topic, or anything that measures energy, is live, and since when not."""

    def apart(self, among: Collection[str] | None = None) -> frozenset[str]:
        """The devices of simulations with a clock of their own: in no sum of everything."""

    @property
    def past_changes(self) -> int:
        """How often readings of the past came, or corrections: it grows, and says that they did."""

    def wait_for_readings(self, wait: float = 10.0) -> None:
        """Return when the newest readings of the log are known, or after so many seconds."""

    def clock_of(self, devices: Collection[str]) -> int | None:
        """What time it is where the readings of some devices come from."""

    def readings(self, limit: int = 200, device: str = "") -> list[ReadingView]:
        """The newest readings, newest first, of devices whose id contains a text."""

    def devices(self) -> list[DeviceView]:
        """A row per device, topic and channel, by the device's id."""

    def sums(self) -> LiveSums:
        """What each device draws now, and who fell silent."""

    def device(self, device_id: str) -> list[DeviceView]:
        """One device: a row per topic and channel."""

    def windows(self, limit: int = 200, device: str = "") -> list[WindowAlert]:
        """The newest records of ``energy_alerts``, newest first."""

    def per_minute(self, minutes: int = 60) -> list[tuple[int, int]]:
        """Readings by wall-clock minute: (its start in ms, readings), oldest first."""

    def subscribe(
        self, kinds: Collection[Kind] = (), after: str = ""
    ) -> AsyncGenerator[Update, None]:
        """Updates as they come, from a place in the log on."""


class DomainProjection(Protocol):
    """A domain's devices as they are now; its own routes and pages know what else it tells."""

    def start(self) -> None:
        """Begin to follow the log."""

    def close(self) -> None:
        """Stop following."""

    def event_ms(self) -> int | None:
        """What time it is at the devices; None: nothing came yet."""

    def fresh(self) -> Freshness:
        """Whether anything comes of them."""

    def check(self, given: Mapping[str, object]) -> None:
        """See that there is the device of which a query's values speak.

        Raises:
            NotFound: there is none of this name.
        """

    def of_some(self, devices: Container[str]) -> DomainProjection:
        """The same, as if there were no other devices than these: ids of the catalogue."""

    def names(self, devices: Container[str]) -> Collection[str]:
        """What the domain's records and tables call those of these devices that it has."""


class Cluster(Protocol):
    """The nodes of the store, where it is a ring."""

    async def view(self) -> ClusterView:
        """Every node as it is now."""

    async def hold(self, node: str) -> ClusterView:
        """Let a node take no traffic."""

    async def release(self, node: str) -> ClusterView:
        """Let it take traffic again."""

    async def close(self) -> None:
        """Let go of the nodes."""


class Edges(Protocol):
    """The edges that were let in, as the cloud sees them."""

    def all(self) -> list[EdgeView]:
        """Every edge, by name."""

    def get(self, name: str) -> EdgeView:
        """One edge."""

    def devices(self, name: str) -> Collection[str]:
        """The devices that are an edge's."""

    def forget(self, name: str, by: str) -> EdgeView:
        """Let an edge in no more."""


class StandingSilences(Protocol):
    """Silences by device, site or rule: which alerts are quiet, until when, by whom."""

    def all(self) -> list[SilenceView]:
        """Every silence, those that last first."""

    def get(self, silence_id: str) -> SilenceView:
        """One silence."""

    def preview(
        self, selector: str = "", rule: str = "", from_ms: int | None = None, every: str = ""
    ) -> SilencePreview:
        """What a silence would hide now, and would have hidden in the last seven days."""

    def put(
        self,
        selector: str = "",
        rule: str = "",
        until_ms: int | None = None,
        by: str = "",
        note: str = "",
        from_ms: int | None = None,
        every: str = "",
    ) -> SilenceView:
        """Let alerts of devices, or of a rule, be quiet; ``until_ms`` None: until it is ended."""

    def end(self, silence_id: str, by: str) -> SilenceView:
        """End a silence by hand: what is open is heard again."""

    def begins(self, words: str, selector: str = "") -> int | None:
        """The wall ms of a date, or a date and a time; None: now."""

    def until(self, words: str, selector: str = "", from_ms: int | None = None) -> int | None:
        """The wall ms of ``tonight``, ``1 h``, a date; None: until it is ended."""

    def zone_of(self, selector: str) -> str:
        """The zone of the site, or the device, that a selector is about."""


class PeoplePreferences(Protocol):
    """How each person reads the page."""

    def of(self, person: str) -> Preferences:
        """What a person chose."""

    def put(self, person: str, chosen: Preferences) -> None:
        """Keep what a person chose; durable when it returns."""


class Backups(Protocol):
    """Copies of the data folder."""

    def all(self) -> list[BackupView]:
        """The copies, the newest first."""

    def make(self, by: str) -> BackupView:
        """Copy the data folder, while everything runs."""

    def restore(self, name: str, by: str) -> BackupView:
        """Have a copy put back."""
