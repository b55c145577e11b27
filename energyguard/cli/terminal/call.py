"""What every command takes: ``--json``, ``--data-dir``, ``--log``, ``--set``, ``--debug``.

A command is a function whose first parameter is a ``Call``; the decorator turns that parameter into
the five options, so that no command spells them.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cached_property
from inspect import Parameter, Signature, signature
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer
from typer.core import TyperGroup

from energyguard.cli.terminal.output import Printer

if TYPE_CHECKING:
    from energyguard.history import History
    from energyguard.history.people import People
    from energyguard.log import Log
    from energyguard.service.service import EnergyService
    from energyguard.settings.layers import Loaded
    from energyguard.settings.tree import Settings

EXIT_CODES = (
    "0 done, 1 something broke, 2 settings or options, 3 bad input, 4 not found, 5 no token, "
    "6 conflict, 7 behind retention, 8 not available now, 130 Ctrl-C"
)


@dataclass(frozen=True)
class Call:
    """What the common options said."""

    json: bool = False
    data_dir: Path | None = None
    set_: tuple[str, ...] = ()

    @cached_property
    def loaded(self) -> Loaded:
        """The settings with their origins."""
        from energyguard.settings.layers import load

        folder = () if self.data_dir is None else (f"data_dir={self.data_dir}",)
        return load((*self.set_, *folder))

    @property
    def settings(self) -> Settings:
        """The settings tree; from here on files are private."""
        from energyguard.durable.private import keep_private

        settings = self.loaded.settings
        keep_private(settings.data_dir, group=settings.group_readable)
        return settings

    def service(self) -> AbstractContextManager[EnergyService]:
        """Everything that may be asked or done."""
        from energyguard.node import open_service

        return open_service(self.settings)

    def log(self) -> AbstractContextManager[Log]:
        """The log."""
        from energyguard.node import open_log

        return open_log(self.settings)

    def history(self) -> AbstractContextManager[History]:
        """The history."""
        from energyguard.node import open_history

        return open_history(self.settings)

    def people(self) -> AbstractContextManager[People]:
        """Pseudonyms, and who stands behind them."""
        from energyguard.node import open_people

        return open_people(self.settings)

    @property
    def out(self) -> Printer:
        """Where answers go."""
        return Printer(self.json)

    def with_settings(self, **settings: object) -> Call:
        """The same with more settings; None leaves one as it is. ``serve__port`` is a name."""
        more = tuple(
            f"{name.replace('__', '.')}={value}"
            for name, value in settings.items()
            if value is not None
        )
        return Call(self.json, self.data_dir, (*self.set_, *more))


def call_of(
    *,
    json: Annotated[
        bool, typer.Option("--json", help="JSON on stdout: an object, or one per line.")
    ] = False,
    data_dir: Annotated[
        Path | None, typer.Option("--data-dir", help="The data folder.", show_default=False)
    ] = None,
    log_: Annotated[
        str | None,
        typer.Option("--log", help="The log: kafka://host:port, sqlite:///…", show_default=False),
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", help="A setting: name=value; may be repeated.", show_default=False),
    ] = None,
    debug: Annotated[
        bool, typer.Option("--debug", help="A traceback when something breaks.")
    ] = False,
) -> Call:
    """A call of the options that every command has; ``main`` looks for ``--debug`` by itself."""
    return Call(json, data_dir, tuple(set_ or ())).with_settings(log__url=log_)


def parameters_of(function: Callable[..., Any]) -> list[Parameter]:
    """What a function takes, by name only."""
    found = signature(function, eval_str=True).parameters.values()
    return [parameter.replace(kind=Parameter.KEYWORD_ONLY) for parameter in found]


def sign(run: Callable[..., None], about: str | None, parameters: Sequence[Parameter]) -> None:
    """Let a function that takes anything by name be a command of these parameters."""
    run.__signature__ = Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    run.__doc__ = about


def _without_verb(function: Callable[..., None]) -> Callable[..., None]:
    """What a command does without a verb: a function of a ``Call`` and options of its own."""
    common = parameters_of(call_of)
    own = parameters_of(function)[1:]

    def run(context: typer.Context, **given: Any) -> None:
        if context.invoked_subcommand is None:
            call = call_of(**{option.name: given.pop(option.name) for option in common})
            function(call, **given)

    first = Parameter("context", Parameter.KEYWORD_ONLY, annotation=typer.Context)
    sign(run, function.__doc__, [first, *own, *common])
    return run


def command(app: typer.Typer, name: str, function: Callable[..., None]) -> None:
    """Register a function of a ``Call`` and its own parameters as a command."""
    common = parameters_of(call_of)

    def run(**given: Any) -> None:
        call = call_of(**{option.name: given.pop(option.name) for option in common})
        try:
            function(call, **given)
            sys.stdout.flush()
        except BrokenPipeError:  # whoever read our output has seen enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

    sign(run, function.__doc__, [*parameters_of(function)[1:], *common])
    app.command(name, context_settings=getattr(function, "context_settings", None))(run)


class Group(NamedTuple):
    """A command with verbs of its own."""

    about: str
    verbs: Mapping[str, Callable[..., None]]
    bare: Callable[[typer.Context], None] | None = None  # what it does without a verb
    run: Callable[..., None] | None = None  # the same, of a ``Call`` and options of its own
    default: str = ""  # the verb that is meant where none is named


def named(*verbs: Callable[..., None]) -> dict[str, Callable[..., None]]:
    """Functions by the verbs that they are: ``set_`` is ``set``."""
    return {verb.__name__.rstrip("_").replace("_", "-"): verb for verb in verbs}


def _with_default(verb: str) -> type[TyperGroup]:
    """A group in which a verb is meant where the first word is none."""

    class DefaultVerb(TyperGroup):
        def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
            if args[:1] != ["--help"] and not (args and args[0] in self.commands):
                args = [verb, *args]
            return super().parse_args(ctx, args)

    return DefaultVerb


def add(app: typer.Typer, name: str, target: Callable[..., None] | Group) -> None:
    """Add a command, or one with verbs of its own."""
    if not isinstance(target, Group):
        command(app, name, target)
        return
    bare = target.bare or target.run
    verbs = typer.Typer(
        help=target.about,
        no_args_is_help=not (bare or target.default),
        rich_markup_mode=None,
        cls=_with_default(target.default) if target.default else None,
    )
    if target.run:
        verbs.callback(invoke_without_command=True, help=target.about)(_without_verb(target.run))
    elif target.bare:
        verbs.callback(invoke_without_command=True, help=target.about)(target.bare)
    for verb, function in target.verbs.items():
        command(verbs, verb, function)
    app.add_typer(verbs, name=name)
