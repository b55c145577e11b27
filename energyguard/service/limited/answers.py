"""The numbers of the first page, for somebody who sees some devices."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

import pyarrow as pa

from energyguard.alerts.alert import Alert
from energyguard.errors import Unavailable
from energyguard.model.alerts import State
from energyguard.service.views import DeviceView, Overview


def limited_overview(
    whole: Overview,
    rows: Iterable[DeviceView],
    opened: Iterable[Alert],
    query: Callable[..., pa.Table],
    apart: Collection[str] = (),
) -> Overview:
    """The numbers of the first page, of devices and alerts that are seen.

    Readings of a minute are not counted by device; how far the worker is, is of all.

    Args:
        whole: of all.
        rows: the newest of each device.
        opened: the alerts that are not resolved.
        query: asks the history, of these devices.
        apart: of these devices those with a clock of their own: what they draw is in no sum.
    """
    by_device: dict[str, list[DeviceView]] = {}
    for row in rows:
        by_device.setdefault(row.device, []).append(row)
    alive = {d: rows for d, rows in by_device.items() if not all(row.silent for row in rows)}
    firsts = (
        next((row.kw for row in rows if row.kw is not None and not row.silent), None)
        for device, rows in alive.items()
        if device not in apart
    )
    drawn = [kw for kw in firsts if kw is not None]
    alerts = list(opened)
    newest_ms = max((row.time_ms for rows in by_device.values() for row in rows), default=None)
    return Overview(
        kw_now=sum(drawn) if drawn else None,
        kw_at_ms=newest_ms,
        live=whole.live and bool(drawn),
        kwh_today=_kwh_of_day(whole.day_ms, newest_ms, query),
        day_ms=whole.day_ms,
        readings_per_minute=0,
        devices=len(alive),
        devices_silent=len(by_device) - len(alive),
        open_alerts=len(alerts),
        firing=sum(alert.state is State.FIRING for alert in alerts),
        newest_ms=newest_ms,
        watermark_ms=whole.watermark_ms,
        lag=whole.lag,
        heard_ms=whole.heard_ms,
        now_ms=whole.now_ms,
    )


def _kwh_of_day(
    day_ms: int | None, newest_ms: int | None, query: Callable[..., pa.Table]
) -> float | None:
    """The energy since a day began; None: not known."""
    if day_ms is None or newest_ms is None or newest_ms < day_ms:
        return None
    try:
        rows = query("totals", start_ms=day_ms, end_ms=newest_ms + 1).to_pylist()
    except Unavailable:
        return None
    return float(rows[0]["kwh"] or 0.0) if rows and rows[0]["readings"] else None
