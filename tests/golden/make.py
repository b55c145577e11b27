"""Make all golden data anew: ``python -m tests.golden.make [WHAT …]``, from the checkout's folder.

Do it with the version whose behaviour is to stay, and look at ``git diff`` afterwards: every
difference is one that users see. Run twice, it changes nothing. Inputs (``data/inputs``) and
the nodes of a store (``nodes``) are made only where they are asked for by name.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from tests.golden import folder as data_folder_of
from tests.golden import hint, product, scenarios, store, surface


def inputs(folder: Path) -> None:
    """Signals of simulated chargers that lose, double and delay some."""
    faults = "lost=0.02,doubled=0.05,delayed=0.03,reordered=0.05,malformed=0.02"
    told = (
        *("simulate", "chargers", "--chargers", "6", "--seconds", "420", "--timings", "later"),
        *("--start", "2025-09-07T10:00:00Z", "--seed", "11", "--faults", faults, "-o", "-"),
    )
    store.keep("inputs/signals.jsonl", product.command(*told, cwd=folder).out)


def topics(folder: Path) -> None:
    """The records of all topics, scenario by scenario."""
    empty = product.new_folder(folder / "empty").parent
    for name in scenarios.SCENARIOS:
        store.keep(f"topics/{name}.jsonl", scenarios.outputs(name, folder / name, empty))


def data_folder(folder: Path) -> None:
    """A folder in the middle of things, where it says something new; and what comes next in it."""
    made = folder / "data"
    data_folder_of.make(made)
    contents = data_folder_of.contents(made)
    if not store.exists("folder/data.tar") or contents != store.kept("folder/contents.jsonl"):
        store.keep("folder/contents.jsonl", contents)
        store.keep("folder/data.tar", data_folder_of.packed(made))
    next_ = data_folder_of.go_on(data_folder_of.unpacked(folder / "again"))
    store.keep("folder/next.jsonl", next_)


def nodes(folder: Path) -> None:
    """Nodes of a store of which one was away, with hints for it."""
    store.keep("folder/nodes.tar", hint.make(folder / "nodes"))


def surfaces(folder: Path) -> None:
    """What users type, ask and configure."""
    for name, text in surface.everything(folder).items():
        store.keep(f"surface/{name}", text)


PARTS: Final[Mapping[str, Callable[[Path], None]]] = {
    "topics": topics,
    "folder": data_folder,
    "surface": surfaces,
}
ON_REQUEST: Final[Mapping[str, Callable[[Path], None]]] = {"inputs": inputs, "nodes": nodes}


def main(wanted: list[str]) -> None:
    every = {**ON_REQUEST, **PARTS}
    for name in wanted or PARTS:
        with tempfile.TemporaryDirectory() as folder:
            every[name](Path(folder))


if __name__ == "__main__":
    main(sys.argv[1:])
