"""Which tariff holds where, and when: a site's own, else that of the site it is part of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from energyguard.catalogue import Catalogue
from energyguard.catalogue.fold import MAX_DEPTH
from energyguard.errors import Faulty, Malformed, NotFound
from energyguard.model.catalogue import DEVICE, GROUP, SITE, Site, key_of, parts_of
from energyguard.model.days import QUARTER_MS
from energyguard.model.tariffs import TARIFF, Tariff
from energyguard.records.catalogue import CatalogueVersion
from energyguard.tariffs.periods import HOLIDAY
from energyguard.tariffs.pieces import TariffPart


class SiteFacts(NamedTuple):
    """What a tariff takes from where it holds."""

    currency: str  # empty: nobody said it
    holidays: tuple[str, ...]


def sites_of(key: str, catalogue: Catalogue) -> tuple[str, ...]:
    """The sites at which a device, a site or a group stands; empty: at none.

    Raises:
        Malformed: it is no key of what uses energy.
        NotFound: there is no such site or group.
    """
    try:
        kind, name = parts_of(key)
    except ValueError as error:
        raise Malformed(str(error), "of") from None
    if kind == DEVICE:
        device = catalogue.devices.get(name)
        return (device.site,) if device and device.site else ()
    if kind == SITE and name in catalogue.sites:
        return (name,)
    if kind == GROUP and name in catalogue.groups:
        members = [d for d in list(catalogue.devices.values()) if name in d.groups]
        return tuple(dict.fromkeys(device.site for device in members))
    if kind == TARIFF:
        raise Malformed(f"{key} uses nothing; write site/ID, device/ID or group/ID", "of")
    raise NotFound(f"no {kind} {name!r} in the catalogue")


def parts_of_sites(
    key: str, sites: Sequence[str], catalogue: Catalogue, start_ms: int, end_ms: int
) -> list[TariffPart]:
    """Which tariff holds when, one part after another.

    Raises:
        Faulty: devices of a group stand where different ones hold.
    """
    found = {tuple(_parts(site, catalogue, start_ms, end_ms)): site for site in sites}
    if len(found) > 1:
        names = sorted({part.tariff_id or "none" for parts in found for part in parts})
        raise Faulty(
            f"{key}: its devices stand at sites with different tariffs ({', '.join(names)}); "
            "say which is meant",
            field="tariff",
        )
    return list(next(iter(found), (TariffPart(start_ms, end_ms, "", None),)))


def parts_of_tariff(
    tariff_id: str, catalogue: Catalogue, start_ms: int, end_ms: int
) -> list[TariffPart]:
    """The versions of one tariff; before the first one began to hold, that one: it is *what if*.

    Raises:
        NotFound: there is no such tariff.
    """
    versions = _versions(key_of(TARIFF, tariff_id), catalogue)
    if not versions or tariff_id not in catalogue.tariffs:
        known = ", ".join(sorted(catalogue.tariffs)) or "none"
        raise NotFound(f"no tariff {tariff_id!r}; there are: {known}")
    first = next((v.entry for v in versions if isinstance(v.entry, Tariff)), None)

    def at(time_ms: int) -> tuple[str, Tariff | None]:
        held = _tariff_at(tariff_id, catalogue, time_ms)
        return tariff_id, held if held is not None else first

    cuts = _cuts((v.from_ms for v in versions), start_ms, end_ms)
    return [TariffPart(a, b, *at(a)) for a, b in cuts]


def facts_of(sites: Sequence[str], catalogue: Catalogue, parts: Sequence[TariffPart]) -> SiteFacts:
    """Currency and holidays of where a bill's devices stand.

    Raises:
        Faulty: they stand where other days are holidays, and the tariff asks for such.
    """
    found = {_facts(site, catalogue) for site in sites} or {SiteFacts("", ())}
    asks = any(HOLIDAY in row.when for part in parts if part.tariff for row in part.tariff.prices)
    if asks and len({facts.holidays for facts in found}) > 1:
        raise Faulty("its devices stand at sites with different holidays: ask for each site")
    currencies = {facts.currency for facts in found}
    holidays = next(iter(found)).holidays
    return SiteFacts(currencies.pop() if len(currencies) == 1 else "", holidays)


def _facts(site_id: str, catalogue: Catalogue) -> SiteFacts:
    around = [catalogue.sites[site] for site in catalogue.path(site_id)]
    return SiteFacts(
        next((site.currency for site in around if site.currency), ""),
        next((site.holidays for site in around if site.holidays), ()),
    )


def _parts(site_id: str, catalogue: Catalogue, start_ms: int, end_ms: int) -> Iterator[TariffPart]:
    """Which tariff holds at a site, from one change of it to the next."""
    last: TariffPart | None = None
    for begin, end in _cuts(_changes(site_id, catalogue), start_ms, end_ms):
        tariff_id = _id_at(site_id, catalogue, begin)
        tariff = _tariff_at(tariff_id, catalogue, begin) if tariff_id else None
        if last and (last.tariff_id, last.tariff) == (tariff_id, tariff):
            last = last._replace(end_ms=end)
            continue
        if last:
            yield last
        last = TariffPart(begin, end, tariff_id, tariff)
    if last:
        yield last


def _changes(site_id: str, catalogue: Catalogue) -> Iterator[int | None]:
    """When versions begin to hold: of the site, of those around it, and of their tariffs."""
    waiting, tariffs = {site_id: None}, dict[str, None]()
    for depth, site in enumerate(_growing(waiting)):
        if depth >= MAX_DEPTH * MAX_DEPTH:
            return
        for version in _versions(key_of(SITE, site), catalogue):
            yield version.from_ms
            if isinstance(version.entry, Site):
                tariffs[version.entry.tariff] = None
                waiting.setdefault(version.entry.parent)
        if known := catalogue.sites.get(site):
            tariffs[known.tariff] = None
            waiting.setdefault(known.parent)
    for tariff_id in tariffs:
        yield from (v.from_ms for v in _versions(key_of(TARIFF, tariff_id), catalogue))


def _growing(waiting: dict[str, None]) -> Iterator[str]:
    """Sites one after another, also those that are added meanwhile."""
    done = 0
    while done < len(waiting):
        site = list(waiting)[done]
        done += 1
        if site:
            yield site


def _id_at(site_id: str, catalogue: Catalogue, time_ms: int) -> str:
    """The tariff of a site at a time, by its id; empty: none."""
    seen: list[str] = []
    while site_id and site_id not in seen and len(seen) < MAX_DEPTH:
        seen.append(site_id)
        key = key_of(SITE, site_id)
        entered = catalogue.version(key) is not None
        site = catalogue.entry_at(key, time_ms) if entered else catalogue.entry(key)
        if not isinstance(site, Site):
            return ""
        if site.tariff:
            return site.tariff
        site_id = site.parent
    return ""


def _tariff_at(tariff_id: str, catalogue: Catalogue, time_ms: int) -> Tariff | None:
    found = catalogue.entry_at(key_of(TARIFF, tariff_id), time_ms)
    return found if isinstance(found, Tariff) else None


def _versions(key: str, catalogue: Catalogue) -> Sequence[CatalogueVersion]:
    return catalogue.history(key) if catalogue.version(key) is not None else ()


def _cuts(times: Iterable[int | None], start_ms: int, end_ms: int) -> list[tuple[int, int]]:
    """A span cut at some times, each moved to the next quarter hour."""
    quarters = {-(-ms // QUARTER_MS) * QUARTER_MS for ms in times if ms is not None}
    at = [start_ms, *sorted(ms for ms in quarters if start_ms < ms < end_ms), end_ms]
    return list(pairwise(at))


def currency_of(key: str, held: Sequence[TariffPart], of_site: str) -> str:
    """The one currency of a bill.

    Raises:
        Faulty: there is none, or there are several.
    """
    found = {part.tariff.currency or of_site: part for part in held if part.tariff}
    if len(found) > 1:
        names = " and ".join(sorted(filter(None, found))) or "none"
        raise Faulty(f"{key}: its tariffs are in {names}: ask for a span of each", field="span")
    currency = next(iter(found), of_site)
    if not currency and held:
        raise Faulty(
            f"{key}: no currency: say that of the tariff {held[0].tariff_id} or of the site",
            field="currency",
        )
    return currency


def digits_of(currency: str) -> int:
    """Of its minor unit: 2 for cents."""
    from babel.numbers import get_currency_precision

    return get_currency_precision(currency) if currency else 2
