"""Rules as they are switched and changed: a fold of ``energyguard.rules``."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from msgspec import UNSET

from energyguard.errors import ConfigError, Conflict, NotFound
from energyguard.model.quantities import to_nano
from energyguard.records.rules import RuleEdit
from energyguard.rules.registry import RuleBook, RuleRecord
from energyguard.rules.rule_history import MAX_BYTES, MAX_CHANGES
from tests.rules.lives import rule_of
from tests.rules.test_devices import FLOORS, OVERRIDES, state_rule

MARA, TIMO = RuleEdit("mara", 1_000), RuleEdit("timo", 2_000)


def book_of(folder: Path, text: str = FLOORS) -> RuleBook:
    return RuleBook([rule_of(folder, text)], ["r"])


def test_a_device_is_changed_and_every_book_knows_by_whom(tmp_path: Path) -> None:
    book, other = book_of(tmp_path), book_of(tmp_path)
    for record in (
        book.changing("r", MARA, raise_above="12"),
        book.changing("r", TIMO, "p2", raise_above="20", clear_at="18"),
    ):
        assert other.apply(*record) is True
        book.apply(*record)
    rule = state_rule(other.get("r"))
    assert (rule.level, rule.of("p2").level) == (to_nano("11"), to_nano("20"))
    book.apply(*book.changing("r", TIMO, "p2", raise_above="21"))
    assert state_rule(book.get("r")).overrides == {"p2": {"raise_above": "21", "clear_at": "18"}}
    assert book.edits("r")["p2"] == TIMO


def test_changes_follow_each_other(tmp_path: Path) -> None:
    book = book_of(tmp_path)
    book.apply(*book.changing("r", MARA, raise_above="12"))
    book.apply(*book.changing("r", TIMO, "p2", raise_above="20"))
    assert book.edits("r") == {"": MARA, "p2": TIMO}
    assert (book.get("r").level, book.get("r").of("p2").level) == (to_nano("12"), to_nano("20"))
    book.apply(*book.resetting("r", "p2"))
    assert book.get("r").of("p2").level == to_nano("12")
    assert book.edits("r") == {"": MARA}
    book.apply(*book.changing("r", TIMO, "p3", raise_above="5"))
    book.apply(*book.resetting("r"))
    assert (book.get("r"), book.edits("r")) == (rule_of(tmp_path, FLOORS), {})
    assert book.active() == book.all()


def test_a_file_may_hold_devices_to_other_limits(tmp_path: Path) -> None:
    book = book_of(tmp_path, FLOORS + OVERRIDES)
    book.apply(*book.resetting("r", "p2"))
    assert list(state_rule(book.get("r")).overrides) == ["p3"]
    book.apply(*book.resetting("r"))
    assert list(state_rule(book.get("r")).overrides) == ["p2", "p3"]


def test_what_is_replaced_is_known_by_device(tmp_path: Path) -> None:
    book = book_of(tmp_path, FLOORS + OVERRIDES)
    book.apply(*book.changing("r", MARA, "p3", longer_than="2 minutes"))
    rule = state_rule(book.get("r"))
    records = book.replacing([rule.differing("p2", {}).differing("p1", {"raise_above": "9"})], TIMO)
    for record in records:
        book.apply(*record)
    assert book.edits("r") == {"p3": MARA, "p1": TIMO}
    assert book.replacing([book.get("r")], MARA) == []
    with pytest.raises(ConfigError, match="clear_at is above"):
        book.replacing([book.get("r").with_fields(clear_at=to_nano("99"))], MARA)


def test_what_cannot_be_changed(tmp_path: Path) -> None:
    book = book_of(tmp_path)
    for fields in ({"raise_above": "nan"}, {"clear_at": "12"}, {"window": "1 minute"}):
        with pytest.raises(ConfigError, match="r: "):
            book.changing("r", MARA, "p1", **fields)
    with pytest.raises(NotFound):
        book.resetting("none")
    silent = RuleBook([rule_of(tmp_path, 'kind = "silence"\nid = "s"\nrhythms = 4')], [])
    with pytest.raises(ConfigError, match="p1: rhythms: 1 is every pause"):
        silent.changing("s", MARA, "p1", rhythms="1")
    with pytest.raises(ConfigError, match="cannot change 'selector'"):
        silent.changing("s", MARA, "p1", selector="id=p1")
    with pytest.raises(ConfigError, match="selector: 'home' is no part of a selector"):
        silent.changing("s", MARA, selector="home")


def test_who_it_is_about_how_bad_it_is_and_why_can_be_changed(tmp_path: Path) -> None:
    book = book_of(tmp_path)
    fields = {"selector": "site=home", "severity": "critical", "about": "Ask the caretaker."}
    book.apply(*book.changing("r", MARA, **fields))
    rule = state_rule(book.get("r"))
    assert (rule.selector, rule.severity, rule.about) == tuple(fields.values())
    assert "selector id=p[1-9]* → site=home" in book.history("r")[0].what
    book.apply(*book.changing("r", MARA, selector=" "))
    assert state_rule(book.get("r")).selector is UNSET
    book.apply(*book.undoing("r"))
    assert state_rule(book.get("r")).selector == "site=home"


def test_records_of_before_are_still_read(tmp_path: Path) -> None:
    book = book_of(tmp_path)
    _, value = book.changing("r", raise_above="12")
    old = msgspec.json.decode(value or b"")
    del old["edits"]
    assert book.apply("r", msgspec.json.encode(old)) is True
    assert (book.get("r").level, book.edits("r")) == (to_nano("12"), {})


def change(book: RuleBook, *records: RuleRecord) -> None:
    for record in records:
        book.apply(*record)


def changed_thrice(folder: Path) -> RuleBook:
    book = book_of(folder)
    change(book, book.changing("r", MARA, raise_above="12", clear_at="12"))
    change(book, book.changing("r", TIMO, "p2", raise_above="20", clear_at="20"))
    change(book, *book.using([], MARA))
    return book


def test_the_last_changes_are_told_and_taken_back(tmp_path: Path) -> None:
    book, other = changed_thrice(tmp_path), book_of(tmp_path)
    assert [row[:] for row in book.history("r")] == [
        ("mara", 1_000, "", "stopped"),
        ("timo", 2_000, "p2", "raise_above 12 → 20, clear_at 12 → 20"),
        ("mara", 1_000, "", "raise_above 11 → 12, clear_at 11 → 12"),
    ]
    record = book.undoing("r")
    change(other, record)  # whoever has the record can go on
    assert (other.active(), other.edits("r")) == (other.all(), {"": MARA, "p2": TIMO})
    for left in (1, 0):
        change(other, other.undoing("r"))
        assert len(other.history("r")) == left
    assert (other.get("r"), other.edits("r")) == (rule_of(tmp_path, FLOORS), {})
    with pytest.raises(Conflict, match="r: no change to take back"):
        other.undoing("r")


def test_a_device_s_change_is_taken_back_for_good(tmp_path: Path) -> None:
    """What came later stays; taking that back does not bring the device's change again."""
    book = changed_thrice(tmp_path)
    change(book, book.undoing("r", "p2"))
    assert (book.get("r").of("p2").level, book.active()) == (to_nano("12"), [])
    change(book, book.undoing("r"))
    assert book.active() == book.all()
    assert (book.get("r").of("p2").level, book.edits("r")) == (to_nano("12"), {"": MARA})
    with pytest.raises(Conflict, match="no change for p2"):
        book.undoing("r", "p2")


def test_no_more_changes_are_kept_than_anyone_takes_back(tmp_path: Path) -> None:
    book = book_of(tmp_path)
    for n in range(MAX_CHANGES + 5):
        change(book, book.changing("r", RuleEdit("mara", n), raise_above=str(12 + n)))
    assert len(book.history("r")) == MAX_CHANGES
    many = {f"device-{n:04}": {"raise_above": "20"} for n in range(800)}
    big = state_rule(book.get("r")).with_fields(devices=many)
    change(book, *book.replacing([big], TIMO))
    change(book, book.changing("r", MARA, "p1", raise_above="70", clear_at="70"))
    change(book, record := book.changing("r", MARA, "p1", raise_above="71", clear_at="70"))
    assert [row.what for row in book.history("r")] == ["raise_above 70 → 71"]
    assert len(record[1] or b"") < 3 * MAX_BYTES


def test_rules_are_added_and_removed_while_running(tmp_path: Path) -> None:
    book = book_of(tmp_path)
    rule = rule_of(tmp_path, FLOORS.replace('"r"', '"site-7"'))
    (record,) = book.adding([rule], MARA)
    change(book, record)
    assert [rule.id for rule in book.active()] == ["r", "site-7"]
    assert book.edits("site-7") == {"": MARA}
    with pytest.raises(ConfigError, match="site-7: there is such a rule"):
        book.adding([rule], MARA)
    with pytest.raises(Conflict, match="a file has this rule"):
        book.removing("r")
    change(book, book.removing("site-7"))
    assert [rule.id for rule in book.all()] == ["r"]


def test_a_limit_is_changed_by_one_who_knows_of_other_rules_that_run(tmp_path: Path) -> None:
    """``rules.use`` of a command may differ from that of the worker."""
    worker, command = book_of(tmp_path), RuleBook([rule_of(tmp_path, FLOORS)], [])
    for level in ("12", "13"):
        record = command.changing("r", MARA, raise_above=level, clear_at=level)
        change(worker, record)
        change(command, record)
    change(worker, command.undoing("r"))
    assert (state_rule(worker.get("r")).level, worker.active()) == (to_nano("12"), worker.all())
    assert [row.what for row in worker.history("r")] == ["raise_above 11 → 12, clear_at 11 → 12"]
    change(worker, command.resetting("r"))
    assert (worker.active(), command.active()) == (worker.all(), [])
    change(worker, *worker.using([], MARA))
    change(command, worker.changing("r", MARA, raise_above="14"))
    change(worker, command.changing("r", MARA, raise_above="15"))
    assert worker.active() == [], "who was stopped is not started by a limit"
