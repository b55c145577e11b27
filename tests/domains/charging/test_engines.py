"""What the Flink job over chargers does per key, driven here as Flink drives it."""

from __future__ import annotations

import pickle
import sys
from base64 import b85decode
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType
from zipfile import ZipFile

import pytest

from energyguard.domains.charging.codec import message
from energyguard.domains.charging.engines import flink as flink_charging
from energyguard.domains.charging.engines.flink import ChargingJob
from energyguard.domains.charging.engines.keys import (
    ChargerSessions,
    Occupancy,
    Settled,
    SourceMessage,
)
from energyguard.domains.charging.engines.old_names import OLD_NAMES, know_old_names
from energyguard.domains.charging.model import ParkingLimits, ParkingSession, Signal, SignalKind
from energyguard.domains.charging.sessions.operator import LATENESS_S
from energyguard.domains.charging.sessions.records import Result
from energyguard.errors import ConfigError, Unavailable
from energyguard.model.topics import DEAD_LETTERS
from energyguard.stream.engines import flink_tables
from energyguard.stream.engines.job import Engine
from tests.parity.charging import CASES, START, TOPIC, Found, day, expected, record

NEVER = -(10**9)


class Driver:
    """Flink, as far as the two functions see it: keys, watermarks, timers, state as bytes."""

    def __init__(self, partitions: int) -> None:
        self._newest: dict[int, int] = dict.fromkeys(range(partitions), NEVER)
        self._chargers: dict[str, bytes] = {}
        self._total = pickle.dumps(Occupancy(TOPIC))
        self._watermark = NEVER

    def send(self, told: Signal) -> Iterator[Result]:
        at = int(told.charger.rpartition("-")[2]) % len(self._newest)
        late = told.second <= self._newest[at] - LATENESS_S
        one = SourceMessage(told.charger, message(told), f"{TOPIC}/{at}/0", late, True)
        stays = self._charger(told.charger)
        yield from self._tell(told.charger, stays, stays.take(one, self._watermark))
        self._newest[at] = max(self._newest[at], told.second)
        yield from self._advance(min(self._newest.values()) - LATENESS_S)

    def _charger(self, name: str) -> ChargerSessions:
        if name not in self._chargers:
            return ChargerSessions(ParkingLimits(), TOPIC)
        found = pickle.loads(self._chargers[name])
        assert isinstance(found, ChargerSessions)
        return found

    def _tell(self, name: str, stays: ChargerSessions, taken: Settled) -> Iterator[Result]:
        total: Occupancy = pickle.loads(self._total)
        for change in taken.changes:
            total.take(change)
        self._total = pickle.dumps(total)
        if stays.sessions.newest is not None:
            self._chargers[name] = pickle.dumps(stays)
        yield from taken.results

    def _advance(self, second: int) -> Iterator[Result]:
        if second <= self._watermark:
            return
        self._watermark = second
        for name in sorted(self._chargers):
            stays = self._charger(name)
            if stays.due_ms is not None and stays.due_ms <= second * 1000:
                yield from self._tell(name, stays, stays.advance(second))
        total: Occupancy = pickle.loads(self._total)
        yield from total.advance(second)
        self._total = pickle.dumps(total)

    def end(self) -> Iterator[Result]:
        for name in sorted(self._chargers):
            stays = self._charger(name)
            if stays.due_ms is not None:
                yield from self._tell(name, stays, stays.end())
        total: Occupancy = pickle.loads(self._total)
        yield from total.end()


def driven(told: Sequence[Signal], partitions: int) -> Found:
    driver = Driver(partitions)
    results = [one for signal in told for one in driver.send(signal)]
    results += driver.end()
    return Counter(
        record(topic, key.encode(), value, headers) for topic, key, value, headers in results
    )


@pytest.mark.parametrize("partitions", [1, 4])
@pytest.mark.parametrize("case", CASES)
def test_the_same_as_the_embedded_operator(case: str, partitions: int) -> None:
    told = CASES[case](day())
    assert driven(told, partitions) == expected(told)


def test_who_never_leaves_breaks_a_limit_by_the_time_of_others() -> None:
    """At the end, too: the last signal of all is later than the limit of a silent charger."""
    stands = Signal("charger-0", START, SignalKind.ARRIVE, "AAAAAAAA")
    for last in (10, 11):  # ten seconds are allowed
        told = [stands, Signal("charger-1", START + last, SignalKind.ARRIVE, "BBBBBBBB")]
        found = driven(told, partitions=2)
        assert found == expected(told)
        assert sum(topic == "violations" for topic, *_ in found) == (last == 11)


REFUSED = {
    b"{": "malformed",
    b'{"timestamp":"2024-05-19 12:00:00","charger_id":"x","station_state":1}': "malformed",
    b'{"timestamp":"2024-05-19 12:00:00","charger_id":"x","recharging":true,'
    b'"energy_delivered":-3}': "out-of-range",
    b'{"timestamp":"2024-05-19 12:00:00","charger_id":"y","recharging":true,'
    b'"energy_delivered":3}': "malformed",  # Flink read another charger from it
}


@pytest.mark.parametrize(("value", "verdict"), REFUSED.items())
def test_what_is_no_signal_is_a_dead_letter(value: bytes, verdict: str) -> None:
    stays = ChargerSessions(ParkingLimits(), TOPIC)
    taken = stays.take(SourceMessage("x", value, f"{TOPIC}/3/17", late=False, in_time=False), NEVER)
    [(topic, _, original, headers)] = taken.results
    said = dict(headers)
    assert (topic, original) == (DEAD_LETTERS.name, value)
    assert said["verdict"].decode() == verdict and said["source"] == f"{TOPIC}/3/17".encode()
    assert said["shape"] == b"signal" and said["reason"]
    assert stays.sessions.newest is None


def test_late_and_ahead_are_dead_letters() -> None:
    told = Signal("x", START, SignalKind.ARRIVE, "AAAAAAAA")
    stays = ChargerSessions(ParkingLimits(), TOPIC)
    for late, in_time, watermark, verdict in (
        (True, True, NEVER, b"late"),  # at its partition
        (False, True, START, b"late"),  # at all
        (False, False, NEVER, b"ahead"),
    ):
        taken = stays.take(SourceMessage("x", message(told), "", late, in_time), watermark)
        assert dict(taken.results[0][3])["verdict"] == verdict
    stays.take(SourceMessage("x", message(told), "", False, True), NEVER)
    stays.advance(START)
    taken = stays.take(
        SourceMessage("x", message(told), "", False, True), NEVER
    )  # after a new start
    assert dict(taken.results[0][3])["verdict"] == b"late"


def test_only_flink_has_it() -> None:
    job = ChargingJob(bootstrap="x:1", lateness_ms=500)
    with pytest.raises(ConfigError, match=r"(?s)spark: charging: it has timers.*whole seconds"):
        job.check_for(Engine.SPARK)
    with pytest.raises(ConfigError, match="no file of SQL"):
        flink_charging.emit(job)


def test_words_cannot_break_out_of_their_quotes(tmp_path: Path) -> None:
    job = ChargingJob(bootstrap="x:1", signals="o'brien", properties={"a": "b'c"})
    text = flink_charging.written(job, tmp_path, tmp_path, once=True)
    assert "'topic' = 'o''brien'" in text and "idle-timeout" not in text
    assert text.count("'properties.a' = 'b''c'") == 6  # the source and five sinks
    assert "idle-timeout" in flink_charging.written(job, tmp_path, tmp_path, once=False)


def test_our_package_is_the_same_bytes_each_time(tmp_path: Path) -> None:
    first, again = (flink_charging.packed(tmp_path / name) for name in ("a.zip", "b.zip"))
    assert first.read_bytes() == again.read_bytes()
    assert "energyguard/domains/charging/sessions/operator.py" in ZipFile(first).namelist()


def test_missing_parts_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flink_tables, "PYTHON", tmp_path / "nothing")
    with pytest.raises(Unavailable, match="make engines"):
        flink_charging.run(ChargingJob(bootstrap="x:1", checkpoint=tmp_path), once=True)


OLD_CHARGER = (
    b"fC6J>Ze?<3d1rNDa%3)ZbaG{3Z7yYQXK8L_b1q|OVRC0_Zf9R>WqET7a%FRLZ*pa13UL4^V_#!$WMyM>3T19%Z)9Z("
    b"aRFE{0ssKQi^8O0VR>`Hfx@X{Xkl_^WpXVs!i2)5b97;JWx}arZ*Fd7V{~O?!liR*ZewM`j%G>2jl!zJq;qs(dBdIn"
    b"62hlrXkl_^Wpcu)V`yP=XJv9NF~Y5LbYXIIUvOb^YiVw0!;WT2!;QkA!lrI@ZDM6|0K%nkY+-a|!l*$)F)~9$Gc>}j"
    b"b97;HbYF92b8~5LZo`gdNyCl8s=}mob7gYEurM()Gc+|eH#j*#LPJDFM#80Va%p2_!;KYu!mx96VRCd|a%E#^VRC0_"
    b"ZfC=Q!l-a>cV%*4Yj?wd!l-g(XK8bEWpcxS!med*WM6V+V`yP=XK8L{!+^r8Wo~3&b7gaLX>V@BfWoU~Ze(9@VRCC}"
    b"ZfC=Q!l-p_Vrgt_Wn{vT!l-F(W@U16Wn{vT!l`y?Z){<7X>V@Apu(wgVRUJ3XJ2b~!+^r9Wo~3&a%E>}b97~L!+^r2"
    b"b97;Oa{$7pcVTICX>Mo2k;0e4sbgqia%W|7EiuE6W=X@1!mkCwpccb`!+^r2VQ6JxWWtcbrgUj-WpZ=Ek;0V2j%G>2"
    b"jl#6Tsbgqia%W|7EinMXzD#d!XCQE4a%*XBXCPu_W^Zz3AaZ46Xkl_^X>Mo2sBdFqb#Q5AWC6maZe@36b9BRwW=X@1"
    b"!mq-lWN&U|!;WT2!;QkK!lz?sVQyz-bHb3qsds5~Ze??GWpl!$Zf|a7!l!a&VPj}zWW#{MrfF_pa&LD4aROKd0001N"
    b"VRUJ3F>wQiaRgFv1xo>AWo~71XL)CJVRB?HZEs{{Y%XJHVRC0_Zf6QpbYXc+X>DnAa|&?=OB729O%M);aR*Xy2v`>Y"
    b"003iXVRC0>axHUoVRUJ4ZY^_ZXKrC^b8!iDaSBp#3oZ"
)
"""A charger as Flink kept it before charging was a folder: pickled, then base 85."""
OLD_TOTAL = (
    b"fC6J>Ze?<3d1rNDa%3)ZbaG{3Z7yYQXK8L_b1q|OVRC0_Zf9R>WqET7Ph(?saA9s^c?xj=C|DN&003iXVRC0>axHUo"
    b"VRUJ4ZY^_ZXKrC^b8!J<Wo~71XL)CJVRB?Hb98cLVQnsRWpi_BZ*FrgbZ>NFYzkCwaA{*yZ**a73ULB`aRW;LV`Xk-"
    b"a%XvGbzyR3E^~BpWnpbDb7gaLX>V?GE_82nVQdOeVRCe7bZKvH3ULHVq0LEVO95SR1&474QgH`!N}<h3W`=PHQgI1O"
    b"0ex`_O1{lWW=jA6|NnDcaSKYm%}Hi-aST#%4K4"
)


def test_state_of_older_versions_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in OLD_NAMES:  # put back as it was when the test is over: not there
        monkeypatch.setitem(sys.modules, module, ModuleType(module))
        del sys.modules[module]
    with pytest.raises(ModuleNotFoundError):
        pickle.loads(b85decode(OLD_CHARGER))
    know_old_names()
    charger, total = (pickle.loads(b85decode(kept)) for kept in (OLD_CHARGER, OLD_TOTAL))
    assert isinstance(charger, ChargerSessions)
    arrived = 1_716_112_800
    limits = ParkingLimits(20, 9, 3_600)
    bay = charger.sessions.bays["charger-1"]
    assert (charger.sessions.limits, bay.state, bay.ended) == (limits, "connected", 0)
    assert bay.session == ParkingSession(
        "charger-1",
        arrived,
        plate="AB12CD34",
        start_session=arrived + 10,
        user="0123456789ABCDEF",
        price=550_000_000,
    )
    assert isinstance(total, Occupancy)
    assert (total.stand, total.changes, total.newest) == (1, {arrived + 30: -1}, arrived + 30)
