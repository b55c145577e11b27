"""The fields of a kind of rule as a form, and what was typed as a table of a rule file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Final

from energyguard.model.catalogue import GROUP, SITE, key_of
from energyguard.model.channels import CHANNELS
from energyguard.model.selector import Selector
from energyguard.page.elements.components import Tag
from energyguard.page.elements.forms import Choices, Form, Values
from energyguard.page.rules.words import field_words, hint_of, option_words
from energyguard.page.words.language import _
from energyguard.page.words.names import device_name, indented_sites
from energyguard.page.words.readings import level_words
from energyguard.rules.fields import FieldShape, RuleField
from energyguard.rules.kinds.threshold import ThresholdRule
from energyguard.rules.rule import Rule
from energyguard.rules.toml import Written
from energyguard.service.contract import Service

FIRST: Final = ("id", "check", "raise_above", "raise_below", "longer_than", "rhythms", "selector",
                "severity", "about")  # fmt: skip
"""What is seen at once, besides what a kind cannot do without."""
BEGIN: Final = {"window": "15 minutes", "slide": "1 minute"}
"""What stands in the fields of a new rule."""
MAX_CHOICES: Final = 60
ASIDE: Final = ("covered_s", "delta_kwh_multiplier")
"""Channels that say how others are meant: no rule of a person is about them."""
_LISTS: Final = (FieldShape.CHANNELS, FieldShape.DAYS)


def form_fields(kind: type[Rule]) -> tuple[dict[str, RuleField], dict[str, RuleField]]:
    """The fields of a kind: those that are seen at once, and those that few people need."""
    shown = [*kind.complete({}, {}), *FIRST]
    fields = {n: f for n, f in kind.fields().items() if f.shape is not FieldShape.OVERRIDES}
    ordered = {name: fields[name] for name in dict.fromkeys(shown) if name in fields}
    return ordered, {name: field for name, field in fields.items() if name not in ordered}


def draw_rule_fields(
    form: Form,
    service: Service,
    kind: type[Rule],
    fields: Mapping[str, RuleField],
    values: Values,
) -> None:
    """Draw some fields of a kind into a form, with what stands in each."""
    sums = issubclass(kind, ThresholdRule)
    for name, field in fields.items():
        value, label = values.get(name, ""), field_words(name)
        match field.shape:
            case FieldShape.CHOICE:
                options = [(option, option_words(option)) for option in field.options]
                default = "" if field.needed else str(field.default)
                form.choose(name, label, options, value or default)
            case FieldShape.CHANNELS:
                with Tag("fieldset", "", "checks"):
                    Tag("legend", label)
                    for channel, known in CHANNELS.items():
                        if channel in ASIDE and _box(name, channel) not in values:
                            continue
                        words = f"{level_words(channel)}, {known.unit}"
                        form.check(
                            _box(name, channel), words, checked=_box(name, channel) in values
                        )
            case FieldShape.SELECTOR:
                hint = _("such as site=home kind=meter; empty: all devices")
                form.text(name, label, value, hint, maxlength="500", spellcheck="false")
                form.pick(name, _("Add to the devices"), choices_of(service, sums=sums))
            case FieldShape.AMOUNT | FieldShape.COUNT:
                form.text(name, label, value, hint_of(name, field), inputmode="decimal")
            case _:
                form.text(name, label, value, hint_of(name, field), maxlength="500")


def read_rule_fields(fields: Mapping[str, RuleField], values: Values) -> Written:
    """What was typed, as a table of a rule file; what is empty is not in it."""
    table: dict[str, str | Sequence[str]] = {}
    for name, field in fields.items():
        text = values.get(name, "")
        if field.shape is FieldShape.CHANNELS:
            if channels := [channel for channel in CHANNELS if _box(name, channel) in values]:
                table[name] = channels
        elif field.shape in _LISTS and text:
            table[name] = [part.strip() for part in text.split(",")]
        elif field.shape is FieldShape.AMOUNT and text:
            table[name] = text.replace(",", ".")
        elif text:
            table[name] = text
    return table


def _box(name: str, channel: str) -> str:
    """The name of the box of a channel."""
    return f"{name}.{channel}"


def choices_of(service: Service, *, sums: bool = False) -> Choices:
    """What a selector can mean: sites, groups, kinds, labels and devices that there are.

    Args:
        service: knows them.
        sums: whether it may mean the sum of a site or a group, too.
    """
    catalogue = service.catalogue
    entries, sites = catalogue.entries, indented_sites(catalogue)
    groups = [(card.id, card.group.name) for card in catalogue.groups()]
    kinds: dict[str, None] = {}
    labels: dict[tuple[str, str], None] = {}
    for device in list(entries.devices.values()):
        if device.kind:
            kinds[device.kind] = None
        if len(labels) < MAX_CHOICES:
            labels |= dict.fromkeys(device.labels.items())
    found = {
        _("Sites"): ((SITE, site, name) for site, name in sites),
        _("Groups"): ((GROUP, group, name) for group, name in groups),
        _("Kinds"): (("kind", kind, kind) for kind in sorted(kinds)),
        _("Labels"): ((f"label.{name}", text, f"{name} {text}") for name, text in sorted(labels)),
        _("Devices"): (
            ("id", row.id, device_name(catalogue, row.id))
            for row in catalogue.find(limit=MAX_CHOICES).rows
        ),
    }
    if sums:
        found |= {
            _("All of a site together"): (("id", key_of(SITE, one), name) for one, name in sites),
            _("All of a group together"): (
                ("id", key_of(GROUP, one), name) for one, name in groups
            ),
        }
    return [
        (group, [(_term(*row[:2]), row[2]) for row in islice(rows, MAX_CHOICES)])
        for group, rows in found.items()
    ]


def _term(field: str, pattern: str) -> str:
    """A term of a selector that is about exactly this."""
    quoted = "".join(f"[{letter}]" if letter in "*?[" else letter for letter in pattern)
    return str(Selector(((field, quoted),)))
