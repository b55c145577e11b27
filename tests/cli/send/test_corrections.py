"""Corrections in a terminal: what is said, listed and taken back."""

from __future__ import annotations

from pathlib import Path

import pytest

from energyguard.log import Records, open_log
from energyguard.model.topics import CORRECTIONS
from energyguard.records.corrections import CORRECTION, Correction
from energyguard.settings.tree import Settings
from tests.cli.conftest import Terminal


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("H1", "--value", "1"), "say DEVICE, and --at TIME or --from TIME --to TIME"),
        (("H1", "--at", "2025-09-06T00:00Z"), "say --value NUMBER, or --wrong"),
        (("H1", "--at", "2025-09-06T00:00Z", "--to", "2025-09-07", "--wrong"), "say DEVICE"),
        (("H1", "--undo", "a"), "--undo takes a correction back"),
        (("--undo", "a"), "no correction 'a'"),
    ],
)
def test_what_says_too_little_is_refused(
    terminal: Terminal, words: tuple[str, ...], reason: str
) -> None:
    assert reason in " ".join(terminal("correct", *words).err.replace("│", " ").split())


def test_corrections_are_listed_and_taken_back(terminal: Terminal, data_dir: Path) -> None:
    assert terminal("corrections").err.startswith("nothing was corrected")
    log = open_log(Settings(data_dir=data_dir).log_url)
    says = Correction(
        id="a", at_ms=1, by="mara", why="typo", device="H1", channel="energy_kwh",
        start_ms=1_757_116_800_000, end_ms=1_757_116_800_001, new_value="0.25",
    )  # fmt: skip
    log.append(CORRECTIONS.name, Records([b"H1"], [CORRECTION.encode(says)]))
    log.close()
    undone = terminal("correct", "--undo", "a", "--why", "it was right")
    assert undone.out.endswith(": a is taken back\n")
    newest, first = terminal("corrections", "H1", "--json").rows
    assert (first["id"], first["says"], first["holds"]) == ("a", "0.25", False)
    assert (newest["says"], newest["why"]) == ("undo a", "it was right")
    assert terminal("corrections", "H2").err.startswith("nothing was corrected")
