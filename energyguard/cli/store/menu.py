"""The menu of ``client``: which verb, what it needs, its answer."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from types import NoneType
from typing import TYPE_CHECKING, Any, get_args

from energyguard.cli.store.remote import Remote
from energyguard.cli.terminal.output import Printer
from energyguard.errors import EnergyGuardError

if TYPE_CHECKING:
    from rich.console import Console


EXIT = 9
"""The number of the way out, as in system B's menu."""


def menu(verbs: Mapping[str, Callable[..., None]], at: Remote) -> None:
    """Ask which verb, ask for what it needs, show its answer; until there is no more to do."""
    from rich.console import Console
    from rich.prompt import Prompt

    numbers, console = _numbers(verbs), Console(highlight=False)
    while True:
        _list(verbs, console)
        chosen = Prompt.ask("Which (number or name; q: quit)", console=console, default="q")
        if chosen in ("q", "quit", "exit", str(EXIT)):
            return
        chosen = numbers.get(chosen, chosen)
        try:
            if chosen not in verbs:
                raise ValueError(f"there is no {chosen!r}")
            verbs[chosen](Printer(as_json=False), at, **_answers(verbs[chosen], console))
        except (EnergyGuardError, OSError, ValueError) as error:
            console.print(str(error), style="bold red", markup=False)
        console.print()


def _list(verbs: Mapping[str, Callable[..., None]], console: Console) -> None:
    width = max(map(len, verbs))
    lines = {
        number: f"{number:>2}  {name:<{width}}  {(verbs[name].__doc__ or '').splitlines()[0]}"
        for number, name in _numbers(verbs).items()
    }
    lines[str(EXIT)] = f"{EXIT:>2}  exit"
    for number in sorted(lines, key=int):
        console.print(lines[number], no_wrap=True, overflow="ellipsis", markup=False)


def _numbers(verbs: Mapping[str, Callable[..., None]]) -> dict[str, str]:
    """The verbs by their number; that of the exit is none of theirs."""
    return {str(n if n < EXIT else n + 1): name for n, name in enumerate(verbs, 1)}


def _answers(verb: Callable[..., None], console: Console) -> dict[str, Any]:
    """What a person says of each parameter of a verb; nothing: its default."""
    from rich.prompt import Prompt

    found = {}
    for parameter in list(inspect.signature(verb, eval_str=True).parameters.values())[2:]:
        kind, described = parameter.annotation.__origin__, parameter.annotation.__metadata__[0]
        needed = parameter.default is inspect.Parameter.empty
        about = described.help.rstrip(".") + ("" if needed else "; may be empty")
        title = f"{parameter.name.replace('_', ' ')} ({about})"
        text = Prompt.ask(title, console=console, default="", show_default=False)
        if text:
            found[parameter.name] = _typed(kind, text)
        elif needed:
            raise ValueError(f"{parameter.name} is needed")
    return found


def _typed(kind: Any, text: str) -> Any:
    """What a person typed, as a parameter has it: a number, or one of some words."""
    plain = get_args(kind)[0] if NoneType in get_args(kind) else kind
    choices = get_args(plain)
    if choices and text not in choices:
        raise ValueError(f"{text!r} is none of: {', '.join(choices)}")
    return text if choices else plain(text)
