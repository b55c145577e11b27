"""Certificates: who is enrolled, what a bundle is, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from energyguard.clock import ManualClock
from energyguard.edge.link.enrolment import Enrolment
from energyguard.edge.link.identity import (
    Authority,
    address_for,
    join,
    joined,
    name_of,
    read_bundle,
    write_bundle,
)
from energyguard.errors import ConfigError, Conflict, Corrupt, Malformed, NotFound
from energyguard.testing import MemoryLog

CLOUD = "tls+tcp://cloud.example:5556"


def test_an_authority_is_made_once_and_is_private(tmp_path: Path) -> None:
    first = Authority(tmp_path)
    assert first.path.stat().st_mode & 0o077 == 0
    again = Authority(tmp_path)
    assert again.server == first.server
    bundle = again.enroll("E1", CLOUD)
    assert bundle.ca == first.server.ca
    assert name_of(bundle.common_name) == "E1"


def test_each_enrolment_has_another_serial_and_another_key(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    one, other = authority.enroll("E1", CLOUD), authority.enroll("E1", CLOUD)
    assert one.common_name != other.common_name
    assert one.key != other.key


def test_a_damaged_authority_is_said_with_its_file(tmp_path: Path) -> None:
    path = Authority(tmp_path).path
    whole = path.read_text()
    for text in ("", whole[: len(whole) // 2], whole.replace("A", "B"), "\x00" * 100):
        path.write_text(text)
        with pytest.raises(Corrupt, match=r"link\.pem.*backup"):
            Authority(tmp_path)


@pytest.mark.parametrize("name", ["", "a b", "a#b", "a/b", "x" * 41, "ü", "a\n"])
def test_names_that_no_edge_can_have(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match="cannot name an edge"):
        Authority(tmp_path).enroll(name, CLOUD)


def test_the_longest_name_has_room_in_a_certificate(tmp_path: Path) -> None:
    assert name_of(Authority(tmp_path).enroll("x" * 40, CLOUD).common_name) == "x" * 40


def test_a_common_name_that_is_of_no_edge_names_none() -> None:
    for name in ("energyguard-cloud", "E1", "E1#", "#1", "a b#1", ""):
        assert name_of(name) == ""


def test_where_edges_reach_the_cloud() -> None:
    assert address_for("10.0.0.1:7000", None) == "tls+tcp://10.0.0.1:7000"
    assert address_for("0.0.0.0:7000", "c.example") == "tls+tcp://c.example:7000"
    assert address_for("", "c.example") == "tls+tcp://c.example:5556"
    assert address_for("0.0.0.0:7000", "c.example:9") == "tls+tcp://c.example:9"
    assert address_for("0.0.0.0:7000", "[::1]:9") == "tls+tcp://[::1]:9"
    assert address_for("[::]:7000", "[::1]") == "tls+tcp://[::1]:7000"
    for listen in ("", "0.0.0.0:7000", "[::]:7000"):
        with pytest.raises(ConfigError, match="--host"):
            address_for(listen, None)


def test_a_bundle_is_kept_in_the_folder_and_a_newer_one_takes_its_place(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "cloud")
    edge, file = tmp_path / "edge", tmp_path / "b.json"
    with pytest.raises(ConfigError, match="energyguard edge join"):
        joined(edge)
    for _ in range(2):
        bundle = authority.enroll("E1", CLOUD)
        write_bundle(file, bundle)
        assert file.stat().st_mode & 0o077 == 0
        assert join(edge, file) == bundle == joined(edge)
    write_bundle(file, authority.enroll("E2", CLOUD))
    with pytest.raises(Conflict, match="E1"):
        join(edge, file)
    assert joined(edge) == bundle


def test_what_is_no_bundle_is_refused_with_its_file(tmp_path: Path) -> None:
    ours, theirs = Authority(tmp_path / "a"), Authority(tmp_path / "b")
    whole = json.loads(_written(tmp_path, ours))
    other = json.loads(_written(tmp_path, theirs))
    file = tmp_path / "b.json"
    faults: dict[str, object] = {
        "truncated": None,
        "Expected": {},
        "another authority": {**whole, "ca": other["ca"]},
        "its key is not": {**whole, "key": other["key"]},
        "its certificate is of": {**whole, "edge": "E2"},
        "is no address": {**whole, "cloud": "http://x"},
        "contain": {**whole, "certificate": "-----BEGIN CERTIFICATE-----"},
    }
    for _, body in faults.items():
        file.write_bytes(json.dumps(body).encode() if body is not None else b'{"ca": "')
        with pytest.raises(Malformed, match=r"b\.json: no bundle of an edge .*enroll"):
            read_bundle(file)
    file.write_bytes(json.dumps(whole).encode())
    assert read_bundle(file).edge == "E1"


def _written(folder: Path, authority: Authority) -> bytes:
    write_bundle(folder / "b.json", authority.enroll("E1", CLOUD))
    return (folder / "b.json").read_bytes()


def test_who_is_enrolled_again_or_forgotten() -> None:
    log, clock = MemoryLog(), ManualClock(1_000)
    here = Enrolment(log, clock)
    here.admit("E1", "E1#1", "anna")
    here.admit("E1", "E1#2", "anna")
    here.admit("E2", "E2#3", "anna")
    assert {name: entry.identity for name, entry in here.entries().items()} == {
        "E1": "E1#2",
        "E2": "E2#3",
    }
    clock.sleep(5)
    assert here.forget("E1", "ben").forgotten_ms == 6_000
    clock.sleep(5)
    again = here.forget("E1", "carla")
    assert (again.forgotten_ms, again.forgotten_by) == (6_000, "ben")
    with pytest.raises(NotFound, match=r"those that may: E2$"):
        here.forget("E3", "ben")
    elsewhere = Enrolment(log, clock).entries()
    assert elsewhere["E1"].forgotten_by == "ben"
    assert elsewhere["E2"].forgotten_ms is None
    here.admit("E1", "E1#4", "anna")
    assert here.entries()["E1"].forgotten_ms is None
