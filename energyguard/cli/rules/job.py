"""``job explain|spark|flink``: a rule on an engine that is not ours."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from energyguard.cli.terminal.call import Call
from energyguard.domain import installed, load
from energyguard.errors import ConfigError
from energyguard.telemetry import logger

if TYPE_CHECKING:
    from energyguard.stream.engines.job import EngineJob

RuleId = Annotated[str, typer.Argument(help="The rule's id.")]
Kafka = Annotated[str, typer.Option(help="host:port,… of the brokers; else log.url.")]
Readings = Annotated[
    str | None,
    typer.Option(
        help="The topic to read: one reading, or signal, in each message.",
        show_default="energy_readings; charging: charger-station-signals",
    ),
]
Alerts = Annotated[
    str | None,
    typer.Option(help="The topic for the windows over the level.", show_default="energy_alerts"),
]
DeadLetters = Annotated[str, typer.Option(help="For bad messages; empty: they are left out.")]
ShapeName = Annotated[str, typer.Option(help="csv or json.")]
Lateness = Annotated[
    str | None,
    typer.Option(help="How long a window waits.", show_default="stream.lateness; charging: 5s"),
]
Ahead = Annotated[
    str | None,
    typer.Option(
        help="A reading later than its append by more is refused; `none`: no limit.",
        show_default="stream.ahead_data",
    ),
]
Duplicates = Annotated[str, typer.Option(help="drop, or count as system C did.")]
ChannelName = Annotated[
    str | None,
    typer.Option(
        "--channel",
        help="What each message has beside time and household: energy_kwh, energy_register_kwh.",
        show_default="energy_kwh",
    ),
]
Length = Annotated[
    str | None,
    typer.Option(
        help="How long an interval of energy_kwh is, of devices that the catalogue does not "
        "describe; of at most a minute it is a point.",
        show_default="1m",
    ),
]
Stamp = Annotated[
    str | None,
    typer.Option(help="Whether its time is its `start` or its `end`.", show_default="start"),
]
Step = Annotated[
    str | None,
    typer.Option(
        help="Of energy_register_kwh: the longest time between two readings whose difference "
        "counts.",
        show_default=False,
    ),
]
CatalogueFile = Annotated[
    Path | None,
    typer.Option(
        help="What is said of devices' channels: a file of the catalogue, TOML or CSV.",
        show_default=False,
    ),
]
State = Annotated[str, typer.Option(help="Where open windows are kept: rocksdb or heap.")]
Parallelism = Annotated[int, typer.Option(min=1, help="Tasks at once.")]
Checkpoint = Annotated[
    Path | None, typer.Option(help="A folder for the state.", show_default="<data_dir>/engines")
]
Property = Annotated[
    list[str] | None,
    typer.Option(
        "--property",
        help="For Kafka's Java client, name=value; Spark fills in $NAME.",
        show_default=False,
    ),
]
Jars = Annotated[
    Path | None,
    typer.Option(help="The connector's jars; else those of `make engines`.", show_default=False),
]
After = Annotated[
    str | None, typer.Option(help="Write only windows that end after this.", show_default=False)
]
Until = Annotated[
    str | None, typer.Option(help="Write only windows that end by this.", show_default=False)
]
Once = Annotated[bool, typer.Option("--once", help="Take what is there now, then end.")]
Emit = Annotated[
    Path | None,
    typer.Option(help="Write the job to this file; run nothing.", show_default=False),
]

ABOUT = {
    "spark": "Run a rule as a Spark Structured Streaming job, or write the job as a file.",
    "flink": "Run a rule as a Flink SQL job, or write the job as a file; or run `charging`.",
}
PROGRAMS = {program.name: program for domain in installed() for program in domain.programs}
"""Rules that are operators of domains."""


def _ms(text: str) -> int:
    from energyguard.model.quantities import parse_duration

    try:
        return parse_duration(text)
    except ValueError as error:
        raise ConfigError(str(error)) from None


def _instant(text: str | None) -> int | None:
    from energyguard.cli.terminal.times import parse_time
    from energyguard.clock import SYSTEM

    return None if text is None else parse_time(text, SYSTEM.now_ms())


def _properties(texts: list[str] | None) -> dict[str, str]:
    wrong = [text for text in texts or () if "=" not in text]
    if wrong:
        raise ConfigError(*(f"--property {text}: write it as name=value" for text in wrong))
    return dict(text.split("=", 1) for text in texts or ())


def job_of(call: Call, rule_id: str, kafka: str = "", **given: Any) -> EngineJob:
    """A rule as a job, a domain's own too: what the settings say, and over it what is given."""
    from energyguard.cli.rules.counting import counting_of
    from energyguard.model.quantities import to_nano
    from energyguard.rules.registry import book_of
    from energyguard.stream.engines.job import Job

    settings = call.settings
    if not kafka and settings.log_url.startswith("kafka://"):
        kafka = settings.log_url.removeprefix("kafka://")
    fields: dict[str, Any] = {
        "bootstrap": kafka,
        "ahead_ms": _ms(settings.stream.ahead_data),
        "checkpoint": settings.data_dir / "engines",
    }
    if (program := PROGRAMS.get(rule_id)) is not None:
        if "counting" in given:
            raise ConfigError(
                f"{rule_id}: --channel, --length, --stamp, --step and --catalogue say how readings "
                "count; it reads none"
            )
        job: EngineJob = load(program.job)(settings, fields, given)
        return job
    fields |= {
        "lateness_ms": _ms(settings.stream.lateness),
        "plausible_nano_kwh": to_nano(settings.wire.plausible_kwh),
    }
    rule = book_of(settings).get(rule_id)
    counting = counting_of(settings, given.pop("counting", {}))
    return Job(rule=rule, counting=counting, **(fields | given))


def explain(call: Call, rule_id: RuleId) -> None:
    """Say what a rule means, whichever engine runs it: every declared semantic."""
    call.out.record(job_of(call, rule_id).explain())


def _submit(engine: str) -> Callable[..., None]:
    """The command of an engine; ``stream/engines/<engine>.py`` does it."""

    def submit(
        call: Call,
        rule_id: RuleId,
        kafka: Kafka = "",
        readings: Readings = None,
        alerts: Alerts = None,
        dead_letters: DeadLetters = "energyguard.dead-letters",
        shape: ShapeName = "csv",
        lateness: Lateness = None,
        ahead: Ahead = None,
        channel: ChannelName = None,
        length: Length = None,
        stamp: Stamp = None,
        step: Step = None,
        catalogue: CatalogueFile = None,
        duplicates: Duplicates = "drop",
        after: After = None,
        until: Until = None,
        state: State = "rocksdb",
        parallelism: Parallelism = 2,
        checkpoint: Checkpoint = None,
        property_: Property = None,
        jars: Jars = None,
        once: Once = False,
        emit: Emit = None,
    ) -> None:
        given = _given(locals())
        job = job_of(call, rule_id, kafka, **given)
        _start(call, rule_id, engine, job, jars, once, emit)

    submit.__doc__ = ABOUT[engine]
    return submit


def _given(options: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a job that options say."""

    def ms(name: str) -> int | None:
        return None if (text := options[name]) is None else _ms(text)

    fields: dict[str, Any] = {
        **{name: options[name] for name in ("readings", "alerts", "dead_letters")},
        **{name: options[name] for name in ("parallelism", "checkpoint")},
        "shape": _one_of("MessageShape", options["shape"]),
        "lateness_ms": ms("lateness"),
        "duplicates": _one_of("Policy", options["duplicates"]),
        "after_ms": _instant(options["after"]),
        "until_ms": _instant(options["until"]),
        "state": _one_of("StateStore", options["state"]),
        "properties": _properties(options["property_"]),
    }
    counting: dict[str, Any] = {
        **{name: options[name] for name in ("channel", "stamp", "catalogue")},
        "length_ms": ms("length"),
        "step_ms": ms("step"),
    }
    fields["counting"] = {k: v for k, v in counting.items() if v is not None} or None
    given = {name: value for name, value in fields.items() if value is not None}
    if (ahead := options["ahead"]) is not None:
        given["ahead_ms"] = None if ahead == "none" else _ms(ahead)
    return given


def _one_of(kind: str, text: str) -> Any:
    """A member of one of the job's enumerations by its value."""
    choices = getattr(importlib.import_module("energyguard.stream.engines.job"), kind)
    try:
        return choices(text)
    except ValueError:
        names = ", ".join(choice.value for choice in choices)
        raise ConfigError(f"{text!r} is none of: {names}") from None


def _start(
    call: Call,
    rule_id: str,
    engine: str,
    job: EngineJob,
    jars: Path | None,
    once: bool,
    file: Path | None,
) -> None:
    from energyguard.stream.engines.job import Engine
    from energyguard.stream.engines.programs import check_topics

    if not job.bootstrap:
        raise ConfigError("where is Kafka? say --kafka host:port, or set log.url=kafka://host:port")
    job.check_for(Engine(engine))  # before anything is looked for
    own = PROGRAMS[rule_id].engines if rule_id in PROGRAMS else {}
    made = importlib.import_module(own.get(engine, f"energyguard.stream.engines.{engine}"))
    if file is not None:
        file.write_text(made.emit(job))
        call.out.done(f"{file}: {rule_id} for {engine}", file=file, engine=engine)
        return
    if (energy := job.explain().get("energy")) is not None:
        logger("job").info(f"{rule_id} on {engine}: {energy}")
    check_topics(job.bootstrap, job.topics, job.properties)
    code = made.run(job, once=once, jars=jars)
    if code:
        raise typer.Exit(code)


VERBS = {"explain": explain, **{engine: _submit(engine) for engine in ABOUT}}
