"""What a domain brings, and which domains are installed.

A domain is a folder, or a package of somebody else's, that says in one `Domain` what is particular
to one kind of device: its topics, its dialects, its rules, its questions, its page, its simulator.
The rest of the product goes through the domains that are installed and names none of them. Another
package brings one by an entry point of the group `energyguard.domains`.

What devices measure are readings, and for those topics, dialects and rules are all that there is to
say. A domain whose devices say something else (chargers tell who plugs in) has messages, flows and
records of its own.

References such as ``package.module:NAME`` are followed when they are needed, so that a domain costs
nothing where only its topics count.
"""

from __future__ import annotations

import gc
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

from energyguard.errors import ConfigError
from energyguard.flow import Flow, Role
from energyguard.model.topics import Topic

GROUP = "energyguard.domains"
"""The entry points by which packages bring domains."""
OWN = ("household", "building", "charging", "thermometer", "regions")
"""The domains of this package, a folder of ``domains/`` each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulator:
    """A simulator: by what to do each second, or a role of its own.

    Attributes:
        name: of the scenario of ``up``; with steps, also of a verb of ``simulate``.
        role: what the process plays.
        about: a sentence: what the verb does.
        steps: refers to a ``simulators.steps.Steps``, of which the verb and the role are made.
        run: refers to a role, ``(Settings, Event) -> None``, where there are no steps.
        on_request: whether ``up`` plays it only where its name is asked for.
        prepare: refers to what ``up`` does before it plays it: ``(Settings) -> dict`` of more
            settings by their dotted names.
    """

    name: str
    role: str
    about: str = ""
    steps: str = ""
    run: str = ""
    on_request: bool = False
    prepare: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Messages:
    """What devices send that is no reading, in topics of their own.

    Attributes:
        name: what it is, in sentences.
        topics: where it comes; to the first one where the sender names none.
        shape: its name at the border, and in dead letters.
        opening: a regular expression that matches the beginning of every body of it.
        group: the consumer group that judges it.
        border: refers to an ``intake.messages.MessageBorder``: what is known of its bytes.
        replay: refers to what ``replay`` does with files of it: ``(Call, paths, name of a topic,
            speedup, prefix) -> None``.
    """

    name: str
    topics: tuple[Topic, ...]
    shape: str
    opening: bytes
    group: str
    border: str
    replay: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FileTables:
    """Tables in people's files that are known by their header, and are no readings.

    Attributes:
        title: what they are, in sentences.
        kind: refers to a ``files.known_tables.RecognisedKind``.
        command: the words of the command that takes them.
        files: refers to a ``service.intake.table_files.TableFiles``: how files of them are taken.
    """

    title: str
    kind: str
    command: str
    files: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Projection:
    """How a domain's devices are now: what the service follows the log for.

    Attributes:
        name: of the devices, by which queries name their clock.
        flow: what it reads.
        follow: refers to ``(Log, Settings, Clock) -> service.parts.DomainProjection``.
        span: the query that says from when to when there is anything of them.
        column: by which tables of the history name the devices; empty: by their ids.
    """

    name: str
    flow: Flow
    follow: str
    span: str
    column: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A rule that is an operator of its own, and of no kind: what runs it besides its role.

    Attributes:
        name: the rule's id.
        evaluate: refers to ``(Call, paths, output) -> None``, for files.
        job: refers to ``(Settings, fields, given) -> stream.engines.job.EngineJob``.
        engines: by engine the module that has ``emit`` and ``run`` for the job.
    """

    name: str
    evaluate: str
    job: str
    engines: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainPlaces:
    """The sites and devices that a domain knows, for the catalogue.

    Attributes:
        fold: refers to ``() -> catalogue.known.KnownPlaces``.
        topics: the compacted topics of which it takes the records.
    """

    fold: str
    topics: tuple[Topic, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Domain:
    """What is particular to one kind of device. Everything but the name may be missing.

    Attributes:
        name: one word.
        topics: those that only this domain writes.
        dialects: refer each to a ``codecs.dialect.Dialect``.
        rules: a file of rules that are there from the first start.
        queries: a folder of questions to the history, a ``.sql`` file each.
        views: refer each to a page of the control room, a ``page.context.View``.
        devices: refers to a ``page.devices.skins.DeviceSkin``: how those of its devices are shown
            that send no readings.
        revenue: refers to a ``service.bills.revenue.Taken``: what its devices took from people.
        simulators: what can be simulated.
        records: refers to the ``records.contract.TopicRecord`` of each topic that holds no
            readings.
        archived: those of the topics, without readings, whose records fill tables of the history.
        rollups: refers to a ``history.rollup_kind.RollUpKind`` of those tables.
        messages: what its devices send that is no reading.
        tables: what people have of it in files that is no reading.
        flows: what is played by no role of the product.
        roles: what plays its own operators.
        projections: how its devices are now.
        programs: rules that are operators of their own.
        routes: refer each to a router of the API.
        commands: by its words, what a command refers to: a function, or a
            ``cli.terminal.call.Group``.
        upgrades: refer each to ``(history) -> None``: what is done when the history is opened, and
            once done does nothing.
        places: the sites and devices that it knows, seen in the catalogue under what people say.
        enrichment: refers to ``(Log, Settings) -> edge.enrichment.Enrichment``: where devices of
            edges stand.
    """

    name: str
    topics: tuple[Topic, ...] = ()
    dialects: tuple[str, ...] = ()
    rules: Path | None = None
    queries: Path | None = None
    views: tuple[str, ...] = ()
    devices: str = ""
    revenue: str = ""
    simulators: tuple[Simulator, ...] = ()
    records: str = ""
    archived: tuple[Topic, ...] = ()
    rollups: str = ""
    messages: tuple[Messages, ...] = ()
    tables: tuple[FileTables, ...] = ()
    flows: tuple[Flow, ...] = ()
    roles: tuple[Role, ...] = ()
    projections: tuple[Projection, ...] = ()
    programs: tuple[Program, ...] = ()
    routes: tuple[str, ...] = ()
    commands: Mapping[str, str] = field(default_factory=dict)
    upgrades: tuple[str, ...] = ()
    places: DomainPlaces | None = None
    enrichment: str = ""


@lru_cache(maxsize=1)
def installed() -> tuple[Domain, ...]:
    """The domains of this package, then those of others by name.

    Raises:
        ConfigError: one cannot be loaded, or two have the same name.
    """
    own = [load(f"energyguard.domains.{name}:DOMAIN") for name in OWN]
    others = sorted(entry_points(group=GROUP), key=lambda point: point.name)
    return checked([*own, *map(_brought, others)])


def checked(domains: Iterable[Domain]) -> tuple[Domain, ...]:
    """Domains of which no two have the same name, topic, page or simulator.

    Raises:
        ConfigError: two have.
    """
    found = tuple(domains)
    owner: dict[tuple[str, str], str] = {}
    for domain in found:
        names = [("domain", domain.name)]
        names += [("topic", topic.name) for topic in domain.topics]
        names += [("simulator", simulator.name) for simulator in domain.simulators]
        names += [("role", simulator.role) for simulator in domain.simulators]
        names += [("role", role.name) for role in domain.roles]
        names += [("command", words) for words in domain.commands]
        for kind, name in names:
            if (kind, name) in owner:
                both = f"{owner[kind, name]!r} and {domain.name!r}"
                raise ConfigError(f"the domains {both} both have the {kind} {name!r}")
            owner[kind, name] = domain.name
    return found


def _brought(point: EntryPoint) -> Domain:
    """The domain of an entry point of another package."""
    found = load(point.value)
    if not isinstance(found, Domain):
        raise ConfigError(f"the entry point {GROUP}: {point.name} = {point.value} is no Domain")
    return found


def load(reference: str) -> Any:
    """What ``package.module:NAME`` refers to.

    Nobody looks for garbage while its modules load: they stay, and it was a fifth of loading them.

    Raises:
        ConfigError: there is no such module, or no such name in it.
    """
    module, _, name = reference.partition(":")
    looked = gc.isenabled()
    gc.disable()
    try:
        return getattr(import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise ConfigError(f"{reference} cannot be loaded: {error}") from error
    finally:
        if looked:
            gc.enable()
