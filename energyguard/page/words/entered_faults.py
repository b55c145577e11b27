"""What is wrong with rules and tariffs that people enter: for ``faults.py``."""

from __future__ import annotations

from typing import Final

from energyguard.page.words.language import _

OF_RULES: Final = (
    (r"(?:slide|per|span) must be longer than nothing", _("must be longer than nothing")),
    (
        r"window '(?P<window>.*)' is shorter than slide '(?P<slide>.*)' \(.*",
        _("the window ({window}) is shorter than how often it looks ({slide})"),
    ),
    (
        r"window '(?P<window>.*)' is not a multiple of slide '(?P<slide>.*)'",
        _("the window ({window}) is no multiple of how often it looks ({slide})"),
    ),
    (
        r"window '(?P<window>.*)' is too long for a mean",
        _("the window ({window}) is too long for a mean"),
    ),
    (r"no channels: name at least one", _("choose at least one channel")),
    (
        r"channels of different units: (?P<units>.*)",
        _("channels of different units: {units}"),
    ),
    (r"no channel '(?P<name>.*)'; there are: .*", _("there is no channel {name}")),
    (
        r"clear_at is (?:above|below) \S+: the alert would never end",
        _("cleared there, the alert would never end"),
    ),
    (
        r"clear_at is (?:above|below) raise_(?:above|below)",
        _("the alert would be cleared where it still raises"),
    ),
    (
        r"raise_above and raise_below: a rule has one of them",
        _("a rule raises above a limit or below one: leave one of them out"),
    ),
    (
        r"\S+ is below (?P<lowest>\S+): nothing ever is",
        _("nothing is ever below {lowest}"),
    ),
    (r"raise_above is below 0: every change is more", _("every change is more than that")),
    (
        r".* is on the other side of 0: write a rule of its own",
        _("is on the other side of 0: that takes a rule of its own"),
    ),
    (r"a mean has no bounds; .*", _("a mean has no bounds; only sums have")),
    (r"not a whole number: (?P<value>.*)", _("{value} is not a whole number")),
    (
        r"not a duration: '(?P<text>.*)' \(.*",
        _("{text} is no length of time; write 15 min or 1 h"),
    ),
    (r"longer than a year: '(?P<text>.*)'", _("{text} is longer than a year")),
    (r"too large: (?P<value>.*)", _("{value} is too large")),
    (
        r"'(?P<value>.*)' is not small letters, digits and dashes",
        _("{value} is not small letters, digits and dashes"),
    ),
    (r"sigmas is below 1: half of all half-hours are", _("below 1 nearly everything is unusual")),
    (r"at_once is below sigmas", _("raises at once below what raises at all")),
    (
        r"clear_at is below 0 or above sigmas",
        _("the alert would never end, or be cleared where it still raises"),
    ),
    (r"2 or more half-hours have a deviation", _("at least two half-hours have a deviation")),
    (r"1 is every pause; 2 or more", _("1 is every pause: choose 2 or more")),
    (r"\S+ is a share from 0 to .*", _("a share is from 0 to 1")),
)
"""Of rules: what they write, and what is said."""
OF_TARIFFS: Final = (
    (
        r"'(?P<id>.*)' is no id of a list; write spot-de",
        _("{id} is no list of prices; one is spot-de"),
    ),
    (
        r"say one of price \(flat\), .*",
        _("a tariff has one kind of price: one price, by time, in steps, or from a list"),
    ),
    (
        r"is added to the prices of a source, and there is none",
        _("comes on top of the prices of a list, and there is none"),
    ),
    (
        r"(?P<name>.*) never holds: the price above it holds always \(.*",
        _("{name} never holds: the price above it always does"),
    ),
    (
        r"only the last block has no up_to_kwh: it takes all the rest",
        _("only the last step has no end: it takes all the rest"),
    ),
    (
        r"up_to_kwh (?P<kwh>\S+) is not above (?P<before>\S+) of the one before",
        _("the step ends at {kwh} kWh, not above {before} kWh of the one before"),
    ),
    (
        r"the last block takes all the rest: leave its up_to_kwh out",
        _("the last step takes all the rest: leave its end out"),
    ),
    (
        r"a name has at most (?P<n>\d+) characters that can be seen: .*",
        _("a name has at most {n} characters, all to be seen"),
    ),
    (r"(?P<value>\S+) is no number up to (?P<n>[\d,]+)", _("{value} is no number up to {n}")),
    (
        r"(?P<value>\S+) has more than (?P<n>\d+) decimals",
        _("{value} has more than {n} decimals"),
    ),
    (
        r"'(?P<text>.*)': times are quarter hours .*",
        _("{text}: times are quarter hours, such as 07:00-22:00"),
    ),
    (
        r"'(?P<text>.*)': '(?P<word>.*)' is no day and no time; .*",
        _("{word} is no day and no time; write mon-fri 07:00-22:00"),
    ),
    (
        r"(?P<id>.*): no currency: say that of the tariff .* or of the site",
        _("no currency: say that of the tariff or of the site"),
    ),
    (
        r".*: its tariffs are in (?P<names>.*): ask for a span of each",
        _("its tariffs are in {names}: choose a span of each"),
    ),
    (
        r".*: its devices stand at sites with different tariffs \(.*",
        _("its devices stand at sites with different tariffs: choose one"),
    ),
)
"""Of tariffs and bills."""
