"""What is wrong with routes of notifications, and why a message did not go: for ``faults.py``."""

from __future__ import annotations

from typing import Final

from energyguard.page.words.language import _

OF_ROUTES: Final = (
    (
        r"'.*': write a name of a-z, 0-9, .*",
        _("a name has small letters, digits, dots and dashes, such as oncall"),
    ),
    (r"there are (?P<n>\d+) routes already", _("there are {n} routes already")),
    (r"\S+ is needed, such as (?P<example>.*)", _("this is needed, such as {example}")),
    (r"\S+ is needed, such as ", _("this is needed")),
    (
        r"paste the whole address, which begins with (?P<start>.*)",
        _("paste the whole address, which begins with {start}"),
    ),
    (
        r"write the server such as (?P<example>.*)",
        _("write the server such as {example}"),
    ),
    (
        r"this is no address.*|.*: no kind of address; .*",
        _("this is no address of this service"),
    ),
    (r"this address names no host", _("this address names no host")),
    (
        r"to: write addresses such as (?P<example>\S+), with commas between",
        _("write addresses such as {example}, with commas between"),
    ),
    (
        r"(?P<host>\S+) is inside the network .*",
        _("{host} is inside the network: an admin of the machine may allow it (notify.inside)"),
    ),
    (
        r"it leads inside the network .*",
        _("it leads inside the network: an admin of the machine may allow it (notify.inside)"),
    ),
    (r"(?P<host>\S+) is not known: .*", _("{host} is not known: is it written right?")),
    (r"(?P<text>'.*'): these hours never end", _("these hours never end")),
    (r"from (?P<low>-?\d+) to (?P<high>\d+)", _("from {low} to {high}")),
    (r"the route was removed", _("it is told no more")),
    (r"silenced", _("silenced")),
    (
        r"(?P<n>\d+) messages within an hour: .*",
        _("{n} messages within an hour: what comes waits for one message of all"),
    ),
    (r"(?P<person>.*) has it", _("{person} has it")),
    (r"it was over before", _("it was over before")),
    (r"nobody was told that it began", _("nobody was told that it began")),
    (
        r"(?P<host>\S+): no answer within (?P<n>\d+) s",
        _("{host}: no answer within {n} s"),
    ),
    (r"(?P<host>\S+): cannot be reached .*", _("{host} cannot be reached")),
    (r"(?P<host>\S+): answers (?P<status>\d+)", _("{host}: answers {status}")),
    (r"(?P<host>\S+): leads elsewhere .*", _("{host} leads elsewhere: enter that address itself")),
    (
        r"(?P<host>\S+) has no TLS: .*",
        _("{host} has no TLS: all could read the password on its way"),
    ),
    (
        r"\S+ is not the one with which this address was kept: enter it anew",
        _("the key of this address is lost: enter it anew"),
    ),
)
"""What the service and the other side write, and what is said."""
