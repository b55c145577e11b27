"""What somebody may do, where and how long: the fields of a form, and what they come to."""

from __future__ import annotations

from collections.abc import Sequence

from energyguard.access.people import check_rights
from energyguard.model.access import AccessRole
from energyguard.page.elements.forms import Form, Values
from energyguard.page.words.language import _
from energyguard.page.words.names import indented_sites, site_name
from energyguard.service.contract import Service

DAY_MS = 86_400_000
DAYS = (1, 7, 30, 90, 365)
SEVERAL = "\n"
"""Between the ids of several sites: no id has it."""


def rights_fields(
    form: Form,
    service: Service,
    people: bool,
    role: AccessRole = AccessRole.READ,
    sites: Sequence[str] = (),
) -> None:
    """Add the fields to a form.

    Args:
        form: the form.
        service: for the names of sites.
        people: of people; else of programs, which may also only send.
        role: that is chosen at first.
        sites: that are chosen at first.
    """
    known = service.catalogue.entries.sites
    offered = [r for r in AccessRole if not people or r is not AccessRole.WRITE]
    options = [("", _("all sites")), *indented_sites(service.catalogue)]
    if len(sites) > 1 or any(site not in known for site in sites):
        names = (site_name(service.catalogue, site) for site in sites)
        options.append((SEVERAL.join(sites), ", ".join(names)))
    ends = [("", _("without an end")), *((str(days), _days(days)) for days in DAYS)]
    form.choose("role", _("May"), [(r.value, roles()[r]) for r in offered], role.value)
    form.choose("site", _("Sees"), options, SEVERAL.join(sites))
    form.choose("days", _("Until"), ends)


def rights_of(values: Values, now_ms: int) -> tuple[AccessRole, tuple[str, ...], int | None]:
    """Role, sites and end of the fields' values.

    Raises:
        Malformed: they do not go together.
    """
    role, days = AccessRole(values["role"]), values.get("days")
    sites = tuple(filter(None, values.get("site", "").split(SEVERAL)))
    check_rights(role, sites)
    return role, sites, now_ms + int(days) * DAY_MS if days else None


def roles() -> dict[AccessRole, str]:
    """What each role may do, in the reader's words."""
    return {
        AccessRole.WRITE: _("only send readings"),
        AccessRole.READ: _("look"),
        AccessRole.OPERATE: _("look and act: alerts, limits, names"),
        AccessRole.ADMIN: _("everything"),
    }


def _days(days: int) -> str:
    return _("for {days} days").format(days=days) if days > 1 else _("for a day")
