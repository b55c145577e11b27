"""Signals before they reach the operator: who is listed, and where a decision cuts them."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from energyguard.codecs import RefusedRow
from energyguard.domains.charging.charger_list import check_listed, list_chargers, read_chargers
from energyguard.domains.charging.records.stations import Charger
from energyguard.domains.charging.sessions.signals import Listed
from energyguard.domains.charging.topics import CHARGERS, SIGNALS
from energyguard.errors import Malformed
from energyguard.log import Records, TopicPartition, open_log
from energyguard.model.readings import Verdict
from energyguard.stream.runtime.decoded_batch import DecodedBatch

AT = TopicPartition("charger-station-signals", 3)
REFUSED = RefusedRow(1, Verdict.MALFORMED, "", "no number", b"x")


@pytest.mark.parametrize(
    ("offset", "below", "rest"),
    [(0, "", "abc"), (11, "a", "bc"), (12, "a", "bc"), (13, "ab", "c"), (15, "abc", "")],
)
def test_a_cut_parts_values_and_what_was_refused(offset: int, below: str, rest: str) -> None:
    batch = DecodedBatch(AT, 20, [10, 12, 14], ["a", "b", "c"], ((11, REFUSED), (13, REFUSED)), 5)
    first, second = batch.split(offset)
    assert ("".join(first.values), "".join(second.values)) == (below, rest)
    assert first.next_offset == offset
    assert second.next_offset == 20
    assert [at for at, _ in first.bad] == [at for at in (11, 13) if at < offset]
    assert first.bad + second.bad == batch.bad
    assert first.offsets + second.offsets == batch.offsets
    assert len(first) + len(second) == len(batch) == 5
    assert second.appended_ms == batch.appended_ms


def test_a_cut_behind_the_end_leaves_nothing() -> None:
    batch = DecodedBatch(AT, 20, [10], ["a"])
    first, second = batch.split(30)
    assert (first.next_offset, len(first)) == (20, 1)
    assert (second.next_offset, len(second)) == (20, 0)


def test_a_rating_counts_from_when_it_was_listed(tmp_path: Path) -> None:
    log = open_log(f"sqlite:///{tmp_path / 'log.db'}")
    listed = Listed(log)
    for rating, at_ms in ((22.0, 1_000), (22.0, 2_000), (50.0, 3_000), (None, 4_000)):
        charger = Charger(charger="c-1", station="s", rating_kw=rating, topic=SIGNALS.name)
        value = msgspec.json.encode(charger)
        log.append(CHARGERS.name, Records([b"c-1"], [value], (), [at_ms]))
    listed.refresh()
    found = [listed.rating_kw(SIGNALS.name, "c-1", at) for at in (900, 1_500, 3_000, 5_000)]
    assert found == [22.0, 22.0, 50.0, None]
    assert listed.rating_kw(SIGNALS.name, "c-2", 5_000) is None
    log.close()


def test_a_list_of_chargers_says_their_currency(tmp_path: Path) -> None:
    file = tmp_path / "chargers.csv"
    head = "charger,station,latitude,longitude,rating_kw,currency\n"
    file.write_text(f"{head}c1,North,,,22,gbp\nc2,South,,,,\n")
    assert [charger.currency for charger in read_chargers(file)] == ["GBP", ""]
    file.write_text(f"{head}c1,North,,,22,euro\n")
    with pytest.raises(Malformed, match="row 2: currency: 'EURO' is no ISO 4217 currency"):
        read_chargers(file)
    file.write_text(f"{head}c1,North,,,,\nc2,North,,,,EUR\nc3,South,,,,CHF\nc4,North,,,,eur\n")
    assert [charger.currency for charger in read_chargers(file)] == ["", "EUR", "CHF", "EUR"]
    file.write_text(f"{head}c1,North,,,,EUR\nc2,North,,,,\nc3,North,,,,CHF\n")
    with pytest.raises(Malformed, match="row 4: currency: the prices at North are in EUR by row 2"):
        read_chargers(file)


def test_two_lists_are_held_against_each_other(tmp_path: Path) -> None:
    log = open_log(f"sqlite:///{tmp_path / 'log.db'}")

    def charger(name: str, currency: str) -> Charger:
        return Charger(charger=name, station="North", currency=currency)

    for some in ([charger("c1", "EUR")], [charger("c2", "EUR"), charger("c3", "")]):
        check_listed(log, some)
        list_chargers(log, some)
    with pytest.raises(Malformed, match=r"the prices at North are in EUR by c[12], which is l"):
        check_listed(log, [charger("c4", "CHF")])
    check_listed(
        log, [charger("c4", ""), msgspec.structs.replace(charger("c5", "CHF"), station="S")]
    )
    check_listed(log, [charger(name, "CHF") for name in ("c1", "c2", "c3")])  # all of them anew
    log.close()


def test_a_list_that_is_no_text_is_one_sentence(tmp_path: Path) -> None:
    file = tmp_path / "chargers.csv"
    file.write_bytes(b"\xde\xad\xbe\xef")
    with pytest.raises(Malformed, match=r"chargers.csv: it is no text: save the list as CSV UTF-8"):
        read_chargers(file)
