"""What an edge gives back of its libraries: what their files have just so, and no more."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from energyguard.edge.memory import read_only_segments, release_libraries


def mappings() -> dict[tuple[int, int], tuple[str, int]]:
    """By their addresses: rights, and how many kB were changed in this process."""
    found: dict[tuple[int, int], tuple[str, int]] = {}
    at, rights = (0, 0), ""
    for line in Path("/proc/self/smaps").read_text().splitlines():
        first, *rest = line.split()
        if not first.endswith(":"):
            begin, end = (int(place, 16) for place in first.split("-"))
            at, rights = (begin, end), rest[0]
        elif first in ("Anonymous:", "Swap:"):
            found[at] = rights, found.get(at, ("", 0))[1] + int(rest[0])
    return found


def resident(kind: str) -> int:
    """How many kB of memory this process has."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition(f"{kind}:")[2].split()[0])


def test_nothing_is_given_back_that_was_ever_changed() -> None:
    known, given = mappings(), 0
    for begin, end in read_only_segments():
        inside = [known[at] for at in known if at[0] < end and at[1] > begin]
        assert inside
        for rights, changed_kb in inside:
            assert "w" not in rights
            assert changed_kb == 0
        given += end - begin
    assert given > 50e6


def test_what_is_given_back_is_gone_and_comes_back() -> None:
    numbers = pa.array(range(1_000))
    assert pc.sum(numbers).as_py() == 499_500
    before, anonymous = resident("RssFile"), resident("RssAnon")
    release_libraries()
    assert resident("RssFile") < before / 2
    assert resident("RssAnon") > anonymous / 2
    assert pc.sum(numbers).as_py() == 499_500
