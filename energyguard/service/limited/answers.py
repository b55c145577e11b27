"""Answers about all devices, for who sees some: rows of others are left out, sums are refused."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from energyguard.alerts.alert import Alert
from energyguard.model.alerts import State
from energyguard.service.limited.parts import refuse
from energyguard.service.limited.site_scope import SiteScope
from energyguard.service.views import DeviceView, Overview

MAX_COUNTED: Final = 10_000
OLDEST_FIRST: Final = frozenset({"readings"})
"""Queries whose newest rows are the last."""


def limited_query(
    query: Callable[..., pa.Table], scope: SiteScope, name: str, parameters: Mapping[str, object]
) -> pa.Table:
    """Ask the history about a device that is seen, or for rows of such.

    Args:
        query: asks about all.
        scope: what is seen.
        name: of the question.
        parameters: of it.

    Raises:
        Forbidden: it is about all devices together, or about one that is not seen.
    """
    if device := parameters.get("device"):
        scope.check(str(device))
        return query(name, **parameters)
    if name == "newest":
        return query(name, **parameters)  # a time, of no device
    counts = {count: MAX_COUNTED for count in ("n", "limit") if count in parameters}
    found = query(name, **{**parameters, **counts})
    if "device" not in found.column_names:
        refuse(name)
    seen = _of(found, scope.devices)
    if "n" in counts:  # the first n devices, of which each may have several rows
        first = pc.unique(seen["device"]).slice(0, int(str(parameters["n"])))
        seen = _of(seen, frozenset(first.to_pylist()))
    if "limit" in counts:
        limit = int(str(parameters["limit"]))
        seen = seen.slice(max(0, seen.num_rows - limit) if name in OLDEST_FIRST else 0, limit)
    return seen


def _of(rows: pa.Table, devices: frozenset[str]) -> pa.Table:
    wanted = pa.array(sorted(devices), pa.string())
    return rows.filter(pc.is_in(rows["device"].cast(pa.string()), value_set=wanted))


def limited_overview(
    whole: Overview, rows: Iterable[DeviceView], opened: Iterable[Alert]
) -> Overview:
    """The numbers of the first page, of devices and alerts that are seen.

    The energy of the day is not known here, and readings are not counted by device.
    """
    by_device: dict[str, list[DeviceView]] = {}
    for row in rows:
        by_device.setdefault(row.device, []).append(row)
    alive = {d: rows for d, rows in by_device.items() if not all(row.silent for row in rows)}
    firsts = (
        next((row.kw for row in rows if row.kw is not None and not row.silent), None)
        for rows in alive.values()
    )
    drawn = [kw for kw in firsts if kw is not None]
    alerts = list(opened)
    newest_ms = max((row.time_ms for rows in by_device.values() for row in rows), default=None)
    return Overview(
        kw_now=sum(drawn) if drawn else None,
        kw_at_ms=newest_ms,
        live=whole.live and bool(drawn),
        kwh_today=None,
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
