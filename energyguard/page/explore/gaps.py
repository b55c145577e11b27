"""Why nothing was measured for a time, as far as it is known."""

from __future__ import annotations

from energyguard.model.catalogue import DEVICE, parts_of
from energyguard.page.words.language import _
from energyguard.page.words.names import device_name
from energyguard.service.contract import Service

MAX_LETTERS = 50
MAX_ALERTS = 20


def gap_reason(service: Service, key: str, start_ms: int, end_ms: int) -> str:
    """What is known of a gap; empty: nothing is.

    Args:
        service: knows the devices, their alerts and their refused rows.
        key: ``device/ID``; of sites and groups nothing is known as a whole.
        start_ms: where it begins, ms since 1970 UTC.
        end_ms: where it ends.
    """
    if not key:
        return ""
    kind, device = parts_of(key)
    if kind != DEVICE:
        return ""
    known = service.catalogue.entries.devices.get(device)
    if known is not None and known.retired_ms is not None and known.retired_ms < end_ms:
        if known.replaced_by:
            name = device_name(service.catalogue, known.replaced_by)
            return _("{name} took its place").format(name=name)
        return _("retired")
    for alert in service.book.find(device=device, limit=MAX_ALERTS):
        ended_ms = end_ms if alert.open else alert.changed_ms
        if not alert.measured and alert.since_ms < end_ms and ended_ms > start_ms:
            return _("it was silent")
    for letter in service.dead_letters(MAX_LETTERS):
        if start_ms <= letter.at_ms < end_ms and device in letter.original:
            return _("its rows are refused: {reason}").format(reason=letter.reason)
    return ""
