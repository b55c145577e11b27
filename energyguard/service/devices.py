"""What is known of a device of any kind: from the live projection, the alerts and the history."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Protocol

import pyarrow as pa

from energyguard.alerts.alert import Alert
from energyguard.errors import NotFound, Unavailable
from energyguard.model.channels import CHANNELS
from energyguard.model.days import ms_of
from energyguard.model.topics import DAY_MS
from energyguard.service.views import DeviceView

MAX_RANKED = 10_000
MAX_STEPS = 720
STEPS_MS = (60_000, 900_000, 3_600_000, 86_400_000)
GAP_STEPS = 5
"""So many steps without a reading are a gap, in charts as well."""


@dataclass(frozen=True, slots=True)
class DeviceSummary:
    """A device as a row of a list."""

    device: str
    channels: tuple[str, ...]
    last_ms: int  # event time of its newest reading
    kw: float | None  # what it draws; None: not known
    silent: bool  # no reading lately, by its own pace
    kwh: float | None  # in the range that was asked for; None: not known
    alerts: int | None  # raised in it
    open_alerts: int


@dataclass(frozen=True, slots=True)
class DeviceChannel:
    """Something that a device measures."""

    channel: str
    unit: str
    topic: str
    first_ms: int | None  # None: the history does not say
    last_ms: int
    readings: int | None  # of the history, since the beginning
    value: float | None  # the newest; None: it was not seen since the service began
    kw: float | None
    silent: bool


@dataclass(frozen=True, slots=True)
class MeasuredDevice:
    """A device by what it measures."""

    device: str
    channels: tuple[DeviceChannel, ...]  # one at least

    @property
    def last_ms(self) -> int:
        """Event time of its newest reading."""
        return max(channel.last_ms for channel in self.channels)


@dataclass(frozen=True, slots=True)
class ReadingGap:
    """A time without readings of a channel."""

    channel: str
    start_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True)
class DeviceDetail:
    """A device: what it measures, and how well."""

    device: str
    channels: tuple[DeviceChannel, ...]
    last_ms: int
    open_alerts: tuple[str, ...]  # their ids
    start_ms: int  # the range of what follows
    end_ms: int
    verdicts: Mapping[str, int]  # readings kept, and those that no window counted, by verdict
    gaps: tuple[ReadingGap, ...]


SORTS: Mapping[str, Callable[[DeviceSummary], Any]] = {
    "name": lambda row: row.device,
    "last": lambda row: -row.last_ms,
    "kwh": lambda row: -(row.kwh or 0.0),
    "alerts": lambda row: (-row.open_alerts, -(row.alerts or 0)),
}
"""What a list may be sorted by: what needs a look first; equal ones stay sorted by name."""


def chosen(
    rows: Iterable[DeviceSummary], search: str = "", by: str = "name"
) -> Sequence[DeviceSummary]:
    """Those whose name contains a text in any case, sorted by one of ``SORTS``."""
    text = search.casefold()
    return sorted((row for row in rows if text in row.device.casefold()), key=SORTS[by])


class KnownDevices(Protocol):
    """Where devices are known from, as they are now."""

    def devices(self) -> list[DeviceView]:
        """A row per device, topic and channel."""

    def device(self, device_id: str) -> list[DeviceView]:
        """One device: a row per topic and channel."""


class OpenAlerts(Protocol):
    """Where alerts are known from."""

    def open(self) -> list[Alert]:
        """Those that are not resolved."""


class Devices:
    """Every device.

    Args:
        live: the newest of everything.
        book: the alerts.
        query: asks the history; while it is away, only what is live is known.
    """

    def __init__(
        self, live: KnownDevices, book: OpenAlerts, query: Callable[..., pa.Table]
    ) -> None:
        self._live, self._book, self._query = live, book, query

    def summaries(self, start_ms: int, end_ms: int) -> list[DeviceSummary]:
        """All of them, by name; energy and alerts of a range."""
        span = {"start_ms": start_ms, "end_ms": end_ms}
        ranked = self._rows("top", **span, by="kwh", n=MAX_RANKED, without="")
        used = {row["device"]: row for row in ranked}
        opened = [alert.device for alert in self._book.open()]
        known = self._channels(self._live.devices(), self._rows("devices", device=""))
        return [
            DeviceSummary(
                device=device,
                channels=tuple(row.channel for row in rows),
                last_ms=max(row.last_ms for row in rows),
                kw=next((row.kw for row in rows if row.kw is not None), None),
                silent=all(row.silent for row in rows),
                kwh=used[device]["kwh"] if device in used else None,
                alerts=used[device]["alerts"] if device in used else None,
                open_alerts=opened.count(device),
            )
            for device, rows in sorted(known.items())
        ]

    def measured(self, device: str) -> MeasuredDevice:
        """What one of them measures. One question, quick.

        Raises:
            NotFound: nothing was ever heard of it.
        """
        past = self._rows("devices", device=device)
        channels = self._channels(self._live.device(device), past).get(device)
        if not channels:
            raise NotFound(f"no device {device!r} has sent anything yet")
        return MeasuredDevice(device, tuple(channels))

    def live(self, device: str) -> MeasuredDevice | None:
        """What one of them is heard to measure, without a question; None: nothing was heard."""
        channels = self._channels(self._live.device(device), ()).get(device)
        return MeasuredDevice(device, tuple(channels)) if channels else None

    def detail(
        self, device: str, start_ms: int | None = None, end_ms: int | None = None
    ) -> DeviceDetail:
        """One of them, and how well; without a range: in the day up to its newest reading.

        Raises:
            NotFound: nothing was ever heard of it.
        """
        found = self.measured(device)
        end_ms = found.last_ms + 1 if end_ms is None else end_ms
        start_ms = end_ms - DAY_MS if start_ms is None else start_ms
        span = {"device": device, "start_ms": start_ms, "end_ms": end_ms}
        return DeviceDetail(
            device=device,
            channels=found.channels,
            last_ms=found.last_ms,
            open_alerts=tuple(alert.id for alert in self._book.open() if alert.device == device),
            start_ms=start_ms,
            end_ms=end_ms,
            verdicts={row["verdict"]: row["readings"] for row in self._rows("verdicts", **span)},
            gaps=tuple(
                gap for channel in found.channels for gap in self._gaps(channel.channel, span)
            ),
        )

    def _gaps(self, channel: str, span: Mapping[str, Any]) -> Iterable[ReadingGap]:
        length_ms = span["end_ms"] - span["start_ms"]
        step_ms = next((s for s in STEPS_MS if length_ms <= s * MAX_STEPS), STEPS_MS[-1])
        rows = self._rows("series", **span, channel=channel, step_ms=step_ms)
        for before, after in pairwise(ms_of(row["time"]) for row in rows):
            if after - before > GAP_STEPS * step_ms:
                yield ReadingGap(channel, before + step_ms, after)

    def _rows(self, name: str, **parameters: object) -> list[dict[str, Any]]:
        try:
            found: list[dict[str, Any]] = self._query(name, **parameters).to_pylist()
        except Unavailable:
            return []
        return found

    @staticmethod
    def _channels(
        live: Iterable[DeviceView], past: Iterable[Mapping[str, Any]]
    ) -> dict[str, list[DeviceChannel]]:
        """The channels of each device: as they are now, and as they were.

        One that came by several topics, such as a simulated home of which somebody imported a past,
        is as in the one that it sends to.
        """
        by_life = sorted(live, key=lambda row: (not row.silent, row.time_ms))
        newest = {(row.device, row.channel): row for row in by_life}
        known = {(row["device"], row["channel"]): row for row in past}
        found: dict[str, list[DeviceChannel]] = {}
        for device, channel in sorted(newest.keys() | known.keys()):
            now, then = newest.get((device, channel)), known.get((device, channel))
            found.setdefault(device, []).append(
                DeviceChannel(
                    channel=channel,
                    unit=CHANNELS[channel].unit if channel in CHANNELS else "",
                    topic=now.topic if now else then["topic"] if then else "",
                    first_ms=ms_of(then["first"]) if then else None,
                    last_ms=max(now.time_ms if now else 0, ms_of(then["last"]) if then else 0),
                    readings=then["readings"] if then else None,
                    value=now.value if now else None,
                    kw=now.kw if now else None,
                    silent=now is None or now.silent,
                )
            )
        return found
