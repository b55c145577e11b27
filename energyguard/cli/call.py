"""What every command takes: ``--json``, ``--data-dir``, ``--log``, ``--set``, ``--debug``.

A command is a function whose first parameter is a ``Call``; the decorator turns that parameter into
the five options, so that no command spells them.
"""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from energyguard.cli.output import Printer

if TYPE_CHECKING:
    from energyguard.settings.layers import Loaded
    from energyguard.settings.tree import Settings

EXIT_CODES = (
    "0 done, 1 something broke, 2 settings or options, 3 bad input, 4 not found, 5 no token, "
    "6 conflict, 7 behind retention, 8 not available now, 130 Ctrl-C"
)

_COMMON: dict[str, Any] = {
    "json": Annotated[
        bool, typer.Option("--json", help="JSON on stdout: an object, or one per line.")
    ],
    "data_dir": Annotated[
        Path | None, typer.Option("--data-dir", help="The data folder.", show_default=False)
    ],
    "log_": Annotated[
        str | None,
        typer.Option("--log", help="The log: kafka://host:port, sqlite:///…", show_default=False),
    ],
    "set_": Annotated[
        list[str] | None,
        typer.Option("--set", help="A setting: name=value; may be repeated.", show_default=False),
    ],
    "debug": Annotated[bool, typer.Option("--debug", help="A traceback when something breaks.")],
}
_DEFAULTS: dict[str, Any] = {"json": False, "debug": False}


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

    @property
    def out(self) -> Printer:
        """Where answers go."""
        return Printer(self.json)

    def having(self, **settings: object) -> Call:
        """The same with more settings; None leaves one as it is. ``serve__port`` is a name."""
        more = tuple(
            f"{name.replace('__', '.')}={value}"
            for name, value in settings.items()
            if value is not None
        )
        return Call(self.json, self.data_dir, (*self.set_, *more))


def command(app: typer.Typer, name: str, **more: Any) -> Callable[[Callable[..., None]], None]:
    """Register a function of a ``Call`` and its own parameters as a command."""

    def register(function: Callable[..., None]) -> None:
        signature = inspect.signature(function, eval_str=True)
        own = list(signature.parameters.values())[1:]
        common = [
            inspect.Parameter(
                key, inspect.Parameter.KEYWORD_ONLY, annotation=kind, default=_DEFAULTS.get(key)
            )
            for key, kind in _COMMON.items()
        ]

        def run(**given: Any) -> None:
            given.pop("debug")
            log, set_ = given.pop("log_"), tuple(given.pop("set_") or ())
            call = Call(given.pop("json"), given.pop("data_dir"), set_).having(log__url=log)
            try:
                function(call, **given)
                sys.stdout.flush()
            except BrokenPipeError:  # whoever read our output has seen enough
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

        parameters = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in own] + common
        run.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
        run.__annotations__ = {p.name: p.annotation for p in parameters}
        run.__doc__ = function.__doc__
        app.command(name, **more)(run)

    return register


def group(about: str) -> typer.Typer:
    """A command with verbs of its own."""
    return typer.Typer(help=about, no_args_is_help=True, rich_markup_mode=None)
