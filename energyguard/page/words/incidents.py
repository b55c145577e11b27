"""What is said of silences of one cause (what is down, how many devices), and of what flaps."""

from __future__ import annotations

from energyguard.alerts.flapping import FlappingAlerts
from energyguard.alerts.incidents import Cause, Incident
from energyguard.catalogue import Catalogue
from energyguard.page.words.formatting import day_moment, moment
from energyguard.page.words.language import _, ngettext


def place_words(incident: Incident, catalogue: Catalogue) -> str:
    """What is down, by its name: a site with those that it is part of, or an edge."""
    if incident.cause is Cause.GATEWAY:
        return _("Edge {name}").format(name=incident.place)
    path = catalogue.path(incident.place) or (incident.place,)
    sites = catalogue.sites
    names = [sites[site].name if site in sites else site for site in reversed(path)]
    return ", ".join(names)


def silence_words(incident: Incident, silent: int, catalogue: Catalogue) -> str:
    """How many devices are silent, and since when, by the clock there."""
    where = {
        "place": place_words(incident, catalogue),
        "n": silent,
        "time": day_moment(incident.since_ms, zone_of(incident, catalogue)),
    }
    if incident.of_devices:
        words = _("{place}: {n} of {all} devices silent since {time}")
        return words.format(**where, all=incident.of_devices)
    words = ngettext(
        "{place}: {n} device silent since {time}",
        "{place}: {n} devices silent since {time}",
        silent,
    )
    return words.format(**where)


def zone_of(incident: Incident, catalogue: Catalogue) -> str:
    """The zone of its times: that of its site, or of its first device's."""
    if incident.cause is Cause.SITE or not incident.devices:
        return catalogue.zone_of(incident.place)
    return catalogue.zone_of_device(incident.devices[0])


def flaps_words(flaps: FlappingAlerts, zone: str) -> str:
    """How often something came and went, and since when."""
    words = ngettext("flaps ({n} time since {time})", "flaps ({n} times since {time})", flaps.times)
    return words.format(n=flaps.times, time=moment(flaps.since_ms, zone))
