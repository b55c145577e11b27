"""Tables of the command line."""

from __future__ import annotations

import pytest

from energyguard.cli.terminal.output import Printer


def test_a_long_path_is_folded_and_never_cut(capsys: pytest.CaptureFixture[str]) -> None:
    path = "/somewhere/" + "x" * 150
    sentence = "free some, or move the data folder: a full disk takes no readings"
    Printer(False).rows([{"check": "disk room", "found": path, "to do": sentence}])
    said = capsys.readouterr().out
    assert "…" not in said
    assert said.count("x") == 150
    assert all(word in said for word in sentence.split())
