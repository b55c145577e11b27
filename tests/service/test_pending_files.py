"""Files that wait for a person: for how long, how many, and what is said of those let go."""

from __future__ import annotations

from energyguard.clock import ManualClock
from energyguard.service.intake.pending_files import (
    KEEP_S,
    MAX_FILES,
    MAX_PERSON_BYTES,
    LetGo,
    LetGoReason,
    PendingFile,
    PendingFiles,
)


def brought(files: PendingFiles, person: str, name: str, size: int = 1) -> PendingFile:
    file = files.add(person, name, size)
    file.path.write_bytes(b"x")
    file.is_whole = True
    return file


def test_each_person_has_their_own_and_no_name_leads_out_of_the_folder() -> None:
    files = PendingFiles(ManualClock())
    mine, other = brought(files, "mara", "../../a.csv"), brought(files, "jan", "a.csv")
    assert files.look("mara") == [mine] and files.look("jan") == [other]
    assert (mine.path.parent.name, mine.path.name) == (mine.folder.name.split("/")[-1], "a.csv")
    coming = files.add("mara", "b.csv", 1)
    assert coming not in files.look("mara")


def test_what_nobody_looked_at_for_a_day_is_let_go_and_named_until_that_was_read() -> None:
    clock = ManualClock()
    files = PendingFiles(clock)
    old, seen = brought(files, "mara", "old.csv"), brought(files, "jan", "seen.csv")
    clock.sleep(KEEP_S - 1)
    assert files.look("jan") == [seen]
    clock.sleep(1)
    assert files.look("mara") == [] and files.look("jan") == [seen]
    assert not old.path.exists() and seen.path.exists()
    assert files.notes("mara") == (LetGo("old.csv", LetGoReason.AGE),)
    assert files.notes("jan") == ()
    files.have_read("mara")
    assert files.notes("mara") == ()


def test_for_want_of_room_the_one_that_waited_longest_goes() -> None:
    clock = ManualClock()
    files = PendingFiles(clock, max_bytes=10)
    first = brought(files, "mara", "first.csv", 6)
    clock.sleep(1)
    second = brought(files, "jan", "second.csv", 4)
    third = brought(files, "ida", "third.csv", 5)
    assert files.look("mara") == [] and not first.path.exists()
    assert files.look("jan") == [second] and files.look("ida") == [third]
    assert files.notes("mara") == (LetGo("first.csv", LetGoReason.ROOM),)


def test_a_person_has_no_room_for_too_many_or_too_large_ones() -> None:
    files = PendingFiles(ManualClock())
    assert files.is_full("mara", MAX_PERSON_BYTES + 1) and not files.is_full("mara", 1)
    for number in range(MAX_FILES):
        brought(files, "mara", f"{number}.csv")
    assert files.is_full("mara", 1) and not files.is_full("jan", 1)


def test_a_file_that_the_machine_took_away_is_named() -> None:
    files = PendingFiles(ManualClock())
    brought(files, "mara", "a.csv").path.unlink()
    assert files.look("mara") == []
    assert files.notes("mara") == (LetGo("a.csv", LetGoReason.MISSING),)


def test_who_takes_a_file_in_has_its_folder_once() -> None:
    files = PendingFiles(ManualClock())
    file = brought(files, "mara", "a.csv")
    assert files.hand_over(file) and not files.hand_over(file)
    assert file.path.exists() and files.look("mara") == []
    files.leave(file)
    assert file.path.exists()  # it is the taker's
    file.folder.cleanup()
