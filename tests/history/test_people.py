"""Pseudonyms: always the same, not to be guessed, and forgotten for good."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from energyguard.errors import Corrupt
from energyguard.history.people import FILE, KEY, People
from tests.forking import Forked


def test_a_pseudonym_is_always_the_same_and_says_nothing(tmp_path: Path) -> None:
    people = People(tmp_path / "here")
    one = people.pseudonym("AB123CD4")
    people.close()
    again = People(tmp_path / "here")
    assert again.pseudonym("AB123CD4") == one != again.pseudonym("AB123CD5")
    assert len(one) == 16
    assert "ab123" not in one
    assert People(tmp_path / "elsewhere").pseudonym("AB123CD4") != one  # another key
    assert again.pseudonym("") == ""


def test_the_way_back_is_there_until_it_is_forgotten(tmp_path: Path) -> None:
    people = People(tmp_path)
    plates = [f"PLATE{i:03}" for i in range(1_200)]
    marks = [people.pseudonym(plate) for plate in plates]
    assert people.names(marks) == {}  # met, and not kept yet
    people.keep()
    assert people.names(marks) == dict(zip(marks, plates, strict=True))

    assert people.forget(["PLATE007", marks[8], "NOBODY"]) == 2
    assert people.names(marks[7:10]) == {marks[9]: "PLATE009"}
    assert people.forget(["PLATE007"]) == 0
    people.close()
    for file in tmp_path.glob(f"{FILE}*"):
        assert b"PLATE007" not in file.read_bytes()
        assert b"PLATE008" not in file.read_bytes()


def test_who_is_forgotten_and_comes_again_is_kept_again(tmp_path: Path) -> None:
    people = People(tmp_path)
    mark = people.pseudonym("AB123CD4")
    people.keep()
    assert people.forget(["AB123CD4"]) == 1
    people = People(tmp_path)
    assert people.pseudonym("AB123CD4") == mark
    people.keep()
    assert people.names([mark]) == {mark: "AB123CD4"}


def test_key_and_names_are_their_owners_alone(tmp_path: Path) -> None:
    People(tmp_path).close()
    for name in (KEY, FILE):
        assert (tmp_path / name).stat().st_mode & 0o777 == 0o600


def test_a_damaged_key_is_refused(tmp_path: Path) -> None:
    (tmp_path / KEY).write_bytes(b"short")
    with pytest.raises(Corrupt, match=r"people\.key"):
        People(tmp_path)


def test_processes_that_begin_together_agree(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from energyguard.history.people import People;"
        "print(People(Path(sys.argv[1])).pseudonym('AB123CD4'))"
    )
    command = ("-c", code, str(tmp_path))
    started = [Forked(command, stdout=subprocess.PIPE) for _ in range(4)]
    assert len({one.communicate()[0] for one in started}) == 1
    assert all(one.returncode == 0 for one in started)
