"""Older systems' settings by environment: taken as one of ours, or refused with the successor.

``layers.py`` applies this table below our own ``ENERGYGUARD_…``; ``docs/moving-over.md`` explains
it, and a test checks that it names every row. An empty variable counts as not set.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Alias:
    """A variable of an older system.

    Attributes:
        name: the variable; with ``*`` at its end all that begin so.
        setting: ours that it sets, or None.
        values: the texts that can be taken and what each sets (None: what is so anyway); no
            table: any text, passed on as it is.
        successor: what a person does instead, where the text cannot be taken.
        form: what becomes of a text that is passed on.
    """

    name: str
    setting: str | None = None
    values: Mapping[str, object] | None = None
    successor: str = ""
    form: str = "{}"


_RULE = "write a rule file with `{}`, name it in `rules.files`, and see `energyguard check rules`"
_TOPIC = "topics have fixed names, and this one is `{0}`; unset it, or set it to `{0}`"

ALIASES = (
    Alias("HOUSEHOLDS", "simulate.households"),
    Alias("TICK_SECONDS", "simulate.tick_seconds"),
    Alias("SPEEDUP", "simulate.speedup"),
    Alias("JITTER_PCT", "simulate.jitter_pct"),
    Alias(
        "RUN_MODE",
        "rules.use",
        {"demo": ("household-demo",), "prod": ("household-prod",)},
        "it is `demo` or `prod`; `rules.use` takes the id of any rule",
    ),
    Alias("THRESHOLD_KWH", None, {}, _RULE.format("raise_above")),
    Alias("WINDOW_DURATION", None, {}, _RULE.format("window")),
    Alias("SLIDE_DURATION", None, {"15 seconds": None}, _RULE.format("slide")),
    Alias(
        "BOOTSTRAP_SERVERS",
        None,
        {},
        "the log needs no broker; `log.url` says where it is, also `kafka://HOST:PORT`",
    ),
    Alias("TOPIC", None, {"energy_readings": None}, _TOPIC.format("energy_readings")),
    Alias("READINGS_TOPIC", None, {"energy_readings": None}, _TOPIC.format("energy_readings")),
    Alias("ALERTS_TOPIC", None, {"energy_alerts": None}, _TOPIC.format("energy_alerts")),
    Alias("CHECKPOINT_ROOT", None, {}, "state is kept with everything else under `data_dir`"),
    Alias("MAX_ROWS", None, {}, "the history keeps all; `energyguard readings --limit` takes some"),
    Alias("KAFKA_BOOTSTRAP", "log.url", form="kafka://{}"),
    Alias(
        "SOURCE_TOPIC", None, {"energyguard.readings": None}, _TOPIC.format("energyguard.readings")
    ),
    Alias(
        "SQLITE_PATH",
        None,
        {},
        "a shard keeps its rows in its data folder: `energyguard shard --data-dir DIR`",
    ),
    Alias(
        "REPLICATION_RATIO",
        None,
        {},
        "say how many copies: `REPLICATION_FACTOR`, `energyguard coordinator --copies`",
    ),
    Alias(
        "THRESHOLDS_PATH",
        None,
        {},
        "thresholds are rules, kept in the log; `PUT /admin/thresholds` sets them, and "
        "`energyguard rules set floor-kw raise_above=11`",
    ),
    Alias(
        "ADMIN_TOKEN",
        None,
        {},
        "make a token with `energyguard token create NAME`, and send it as `Authorization: Bearer`",
    ),
    Alias("EDGE_COOLDOWN_SECS", "notify.cooldown", form="{}s"),
    Alias(
        "NOTIFY_*",
        None,
        {},
        "every alert is a notification, kept in the log; `notify.cooldown` is what can be set",
    ),
    Alias(
        "ANOM_*",
        None,
        {},
        "patterns are rules: `energyguard rules list`, and `energyguard rules set ID` changes one",
    ),
)
_SHOWN = {"ADMIN_TOKEN": "…"}
"""What is shown of values that are secrets."""
NOT_THEIRS = frozenset({"NOTIFY_SOCKET"})
"""Variables that only look like an older system's: this one is systemd's."""


def apply(environ: Mapping[str, str]) -> tuple[dict[str, object], list[str]]:
    """What the variables set (``simulate.households`` -> value), and the refusals, one a line."""
    overrides: dict[str, object] = {}
    faults: list[str] = []
    for alias, name in _given(environ):
        text = environ[name]
        if alias.values is not None and text not in alias.values:
            faults.append(f"{name}={_SHOWN.get(name, text)}: {alias.successor}")
        elif alias.setting is not None:
            given = alias.form.format(text) if alias.values is None else alias.values[text]
            overrides[alias.setting] = given
    return overrides, faults


def _given(environ: Mapping[str, str]) -> Iterator[tuple[Alias, str]]:
    """Each of the table that is set, with the variable's name."""
    for alias in ALIASES:
        start = alias.name.removesuffix("*")
        names = [name for name in environ if name.startswith(start)] if start != alias.name else ()
        for name in names or (alias.name,):
            if environ.get(name) and name not in NOT_THEIRS:
                yield alias, name
