"""Why something could not be done, in the reader's language.

The service says it in English, as the command line and programs read it. What people on a page can
meet is said here in their own words, line by line; a fault that is not known here stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from energyguard.errors import EnergyGuardError, Rejected
from energyguard.model.quantities import parse_duration
from energyguard.page.words.entered_faults import OF_RULES, OF_TARIFFS
from energyguard.page.words.language import _
from energyguard.page.words.lengths import duration
from energyguard.page.words.route_faults import OF_ROUTES
from energyguard.page.words.silences import OF_SILENCES

_PLACE: Final = re.compile(
    r"(?P<place>(?:[a-z]+/[^:]{1,80}: )?(?:[\w-]{1,80}: ){0,3})(?P<fault>.*)"
)
"""A fault may begin with the entry, or the rule, and the field that it is about: they are not
translated.
"""
_LENGTHS: Final = frozenset({"window", "slide"})
"""Of what is named in faults: lengths of time, as rule files write them."""
Sentences = Sequence[tuple[re.Pattern[str], str]]
"""Patterns of what the service writes, and what is said instead."""
_FAULTS: Final = tuple(
    (re.compile(pattern), words)
    for pattern, words in (
        (r"there is no site '(?P<id>.*)': enter it first", _("there is no site {id} yet")),
        (
            r"the log keeps record .* no longer, in which (?P<device>'.*') is: .*",
            _("nobody can tell any more what had come by then: the log is no longer kept"),
        ),
        (
            r"more than (?P<n>[\d,]+) readings of .* have to be looked at: .*",
            _("more than {n} readings: ask for less time"),
        ),
        (
            r"as known then: of (?P<n>\d+) devices at most, .*",
            _("as known on an earlier day: of {n} devices at most"),
        ),
        (r"there is no group '(?P<id>.*)': enter it first", _("there is no group {id} yet")),
        (r"there is no tariff '(?P<id>.*)': enter it first", _("there is no tariff {id} yet")),
        (r"a site cannot be in itself: .*", _("a site cannot be in itself")),
        (r"a virtual device cannot be part of itself: .*", _("a sum cannot be part of itself")),
        (
            r"sums of sums count at most (?P<n>\d+) deep: .*",
            _("sums of sums count at most {n} deep"),
        ),
        (
            r"in it are (?P<what>.*): move them first",
            _("{what} are still in it: move them first"),
        ),
        (
            r"parts of it are (?P<what>.*): take it out of them first",
            _("{what} count it: take it out of them first"),
        ),
        (
            r"it is the tariff of (?P<what>.*): give them another one first",
            _("it is the tariff of {what}: give them another one first"),
        ),
        (r"an id has 1 to (?P<n>\d+) characters", _("an id has 1 to {n} characters")),
        (r"a name has 1 to (?P<n>\d+) characters", _("a name has 1 to {n} characters")),
        (r"at most (?P<n>\d+) characters", _("at most {n} characters")),
        (r"at most (?P<n>\d+)", _("at most {n}")),
        (r"begins or ends with a space", _("begins or ends with a space")),
        (
            r".*has a character that cannot be seen.*",
            _("has a character that cannot be seen, such as a line break"),
        ),
        (
            r"'(?P<zone>.*)': no time zone of this name.*",
            _("there is no time zone {zone}; one is Europe/Berlin"),
        ),
        (
            r"'(?P<name>.*)' is no ISO 4217 currency.*",
            _("{name} is no currency; write EUR, PLN or another of three letters"),
        ),
        (
            r"'(?P<day>.*)' is no country \(.*",
            _("{day} is no country (DE, DE-BY) and no day (2026-12-24)"),
        ),
        (r"(?P<value>\S+) is no power above 0", _("{value} is no power above 0")),
        (
            r"(?P<value>\S+) is more than (?P<most>[\d,]+) kW: too much",
            _("{value} kW is more than any device has; at most {most}"),
        ),
        (r"'(?P<value>.*)' is no number", _("{value} is not a number")),
        (r"not a number: ", _("write a number")),
        (r"not a number: (?P<value>.*)", _("{value} is not a number")),
        (r"not a finite number: (?P<value>.*)", _("{value} is not a number")),
        (
            r"(?P<value>\S+ \S+) is not between (?P<low>\S+) and (?P<high>.*)",
            _("{value} is not between {low} and {high}"),
        ),
        (
            r"no .*reading of '.*'.*; energyguard readings .* lists them",
            _("there is no reading at this time"),
        ),
        (r"\S+ is still to come", _("this time is still to come")),
        (r"is of one reading; a span of them can be wrong", _("only one reading gets a value")),
        (r"must be after the start, and within ten years", _("must be after the start")),
        (
            r"'(?P<term>.*)' is no device with its sign; .*",
            _("write + or − and the device, as in +main −pump"),
        ),
        (
            r"somebody else changed .* meanwhile; look, and change it again",
            _("somebody else changed it meanwhile: look, and change it again"),
        ),
        (
            r"nobody takes changes of the catalogue now.*",
            _("changes are not taken at the moment; it may still be made when they are"),
        ),
        (r"no (?:site|group|device) '(?P<id>[^']*)'.*", _("there is no {id} any more")),
        (r".* is so already", _("it is so already")),
        (
            r"there is a person or a token '(?P<name>.*)' already",
            _("there is a person or a token {name} already"),
        ),
        (
            r"there is a (?:person|token) '(?P<name>.*)'.*",
            _("there is a person or a token {name} already"),
        ),
        (r"this is not the password of now", _("this is not your present password")),
        (
            r"(?P<name>.*) is the last admin with a password: .*",
            _("{name} is the last admin with a password: let somebody else be one first"),
        ),
        (
            r"an admin is one of all sites; of some it is `operate`",
            _("an admin is one of all sites; of some, choose what operates"),
        ),
        (
            r"a password has (?P<least>\d+) to (?P<most>\d+) characters; .*",
            _("A password has {least} to {most} characters; three words are good."),
        ),
        (
            r"a password begins and ends with no space",
            _("A password begins and ends with no space."),
        ),
        (
            r"a copy is being made now; wait until it is there",
            _("a copy is being made: wait until it is there"),
        ),
        (
            r"this takes the role (?P<needed>\S+), and yours is (?P<own>\S+)",
            _("this takes the role {needed}, and yours is {own}"),
        ),
        (
            r"'(?P<device>.*)' is at none of your sites",
            _("{device} is at none of your sites"),
        ),
        (
            r".*: this is of all sites, and you see some of them",
            _("this is of all sites, and you see some of them"),
        ),
        *OF_RULES,
        *OF_TARIFFS,
        *OF_ROUTES,
        *OF_SILENCES,
        (
            r".*it takes longer than (?P<n>\d+) s: .*",
            _("The history takes longer than {n} s for this: choose less time, or fewer devices"),
        ),
        (r"history: .*", _("The history is not there now")),
        (r".*: no room on the disk; .*", _("The disk is full: nothing was written")),
    )
)
"""What the service writes, and what is said."""


def fault_words(error: object) -> str:
    """An error of the service, line by line in the reader's words."""
    return "\n".join(_line(line) for line in str(error).splitlines())


def field_words(error: EnergyGuardError) -> str:
    """An error for beside the field that it names: neither that nor its entry is named again."""
    field = error.field if isinstance(error, Rejected) else None
    if not field:
        return fault_words(error)
    place = re.compile(rf"(?:[a-z]+/.{{1,200}}?: )?{re.escape(field)}: ")
    return "\n".join(
        _line(line if words_of(line, _FAULTS) is not None else place.sub("", line, count=1))
        for line in str(error).splitlines()
    )


def _line(line: str) -> str:
    for text, place in ((line, ""), *_parted(line)):
        if (words := words_of(text, _FAULTS)) is not None:
            return place + words
    return line


def words_of(text: str, known: Sentences) -> str | None:
    """What the service wrote, in the reader's words; None: it is none of these sentences."""
    for pattern, words in known:
        if found := pattern.fullmatch(text):
            return _(words).format(**_named(found.groupdict()))
    return None


def _named(found: Mapping[str, str]) -> dict[str, str]:
    """What a fault is about; lengths of time as the reader writes them."""
    lengths = {name: duration(parse_duration(found[name])) for name in _LENGTHS & found.keys()}
    return {**found, **lengths}


def _parted(line: str) -> tuple[tuple[str, str], ...]:
    found = _PLACE.fullmatch(line)
    return ((found["fault"], found["place"]),) if found and found["place"] else ()
