"""Frames over real NNG with real certificates; and lines that are cut, or lie."""

from __future__ import annotations

import random
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from energyguard.edge.link import port_guard
from energyguard.edge.link.identity import Authority, Bundle, Identity
from energyguard.edge.link.nng import MESSAGE_BYTES, frames_of, messages
from energyguard.edge.link.transport import CloudPort, EdgeLine, Happened, LineEvent
from energyguard.errors import ConfigError
from tests.e2e.meters import free_port
from tests.edge.proxy import bad_line
from tests.waiting import until

MAX_FRAME = 1 << 18


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "cloud")


class Both:
    """A cloud's port, and lines to it; what has happened at each."""

    def __init__(self, authority: Authority) -> None:
        self.authority, self.port = authority, free_port()
        self.url = f"tls+tcp://127.0.0.1:{self.port}"
        self.cloud = CloudPort(f"127.0.0.1:{self.port}", authority.server, MAX_FRAME, max_edges=4)
        self.happened: list[LineEvent] = []
        self.lines: list[EdgeLine] = []

    def line(self, identity: Bundle | None = None, url: str = "") -> EdgeLine:
        bundle = identity or self.authority.enroll("E1", self.url)
        line = EdgeLine(bundle, url or self.url, MAX_FRAME)
        self.lines.append(line)
        line.dial()
        return line

    def at_cloud(self, what: Happened) -> list[LineEvent]:
        self.happened += self.cloud.wait(0.05)
        return [event for event in self.happened if event.what is what]

    def close(self) -> None:
        for line in self.lines:
            line.close()
        self.cloud.close()


@pytest.fixture
def both(authority: Authority) -> Iterator[Both]:
    made = Both(authority)
    yield made
    made.close()


def connected(line: EdgeLine) -> bool:
    return any(event.what is Happened.CONNECTED for event in line.wait(0.05))


def refused(line: EdgeLine) -> str:
    until(lambda: any(event.what is Happened.LOST for event in line.wait(0.05)), "a refusal")
    return line.fault


def test_frames_go_both_ways_and_who_sent_them_says_the_certificate(both: Both) -> None:
    line = both.line()
    until(lambda: connected(line))
    frames = [bytes([i]) * (i * 1000) for i in range(1, 60)]
    assert line.send(frames)
    until(lambda: len(both.at_cloud(Happened.FRAME)) == len(frames), "the frames")
    (first,) = both.at_cloud(Happened.CONNECTED)
    assert first.identity.startswith("E1#")
    assert [event.frame for event in both.at_cloud(Happened.FRAME)] == frames
    assert {event.peer for event in both.happened} == {first.peer}
    assert both.cloud.send(first.peer, [b"a", b"", b"c"])
    back: list[bytes] = []
    while len(back) < 3:
        back += [event.frame for event in line.wait(0.05)]
    assert back == [b"a", b"", b"c"]
    line.drop()
    assert until(lambda: both.at_cloud(Happened.LOST), "the end")[0].peer == first.peer
    assert not both.cloud.send(first.peer, [b"gone"])


def test_a_line_that_is_gone_before_it_is_looked_at_is_none(both: Both) -> None:
    line = both.line()
    until(lambda: both.at_cloud(Happened.CONNECTED), "the line")
    (pipe,) = both.cloud._pipes.values()
    line.drop()
    until(lambda: both.at_cloud(Happened.LOST), "the end")
    both.cloud._came(pipe)  # as NNG's thread calls it, late
    assert len(both.at_cloud(Happened.CONNECTED)) == 1


def test_frames_are_put_together_and_taken_apart() -> None:
    chance = random.Random(1)
    frames = [chance.randbytes(chance.choice((0, 1, 999, MESSAGE_BYTES // 2))) for _ in range(40)]
    sent = list(messages(frames))
    assert len(sent) < len(frames)
    assert [frame for message in sent for frame in frames_of(message)] == frames
    assert frames_of(b"\x00\x00\x01\x00short") == [b"\x00\x00\x01\x00short"]


def test_nobody_without_a_certificate_of_this_authority_gets_in(both: Both, tmp_path: Path) -> None:
    ours = both.authority.enroll("E1", both.url)
    theirs = Authority(tmp_path / "other").enroll("E1", both.url)

    def mixed(ca: Identity, own: Identity) -> Bundle:
        return Bundle(ca=ca.ca, certificate=own.certificate, key=own.key, edge="E1", cloud=both.url)

    for bundle in (
        theirs,
        mixed(ours, theirs),
        mixed(theirs, ours),
        mixed(ours, both.authority.server),
    ):
        fault = refused(both.line(bundle))
        assert "no TLS" in fault
        assert "energyguard edge enroll E1" in fault
    assert both.at_cloud(Happened.CONNECTED) == []
    until(lambda: connected(both.line(ours)), "a line of ours")


def test_a_client_without_any_certificate_gets_nothing(both: Both) -> None:
    import pynng

    config = pynng.TLSConfig(
        pynng.TLSConfig.MODE_CLIENT,
        server_name="energyguard-cloud",
        ca_string=both.authority.server.ca,
    )
    with pynng.Pair1(tls_config=config) as bare, pytest.raises(pynng.CryptoError):
        bare.dial(both.url, block=True)
    assert both.at_cloud(Happened.CONNECTED) == []


def test_the_port_says_nothing_before_a_certificate_and_waits_for_none_for_long(
    both: Both, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(port_guard, "HANDSHAKE_S", 1.0)
    line = both.line()
    until(lambda: connected(line))
    for said in (b"", b"GET / HTTP/1.1\r\n\r\n", b"\x00SP\x00\x00\x11\x00\x00", b"\x16\x03\x01"):
        with socket.create_connection(("127.0.0.1", both.port)) as caller:
            caller.settimeout(20)
            caller.sendall(said)
            began_s = time.monotonic()
            with suppress(ConnectionResetError):
                assert caller.recv(100) == b""
            assert time.monotonic() - began_s < 15
    assert line.send([b"still here"])
    until(lambda: both.at_cloud(Happened.FRAME), "a frame of who has one")


def test_callers_who_do_not_speak_are_bounded(both: Both) -> None:
    callers = [socket.create_connection(("127.0.0.1", both.port)) for _ in range(150)]
    try:
        for caller in callers:
            caller.settimeout(0.01)

        def ended() -> int:
            count = 0
            for caller in callers:
                try:
                    count += caller.recv(1) == b""
                except TimeoutError:
                    continue
                except ConnectionError:
                    count += 1
            return count

        until(lambda: ended() >= 150 - port_guard.MAX_HANDSHAKES, "the end of the oldest")
        assert ended() < 150
        until(lambda: connected(both.line()), "a line beside them")
    finally:
        for caller in callers:
            caller.close()


def test_an_edge_that_comes_back_takes_its_own_place(both: Both) -> None:
    bundle = both.authority.enroll("A", both.url)
    older = both.line(bundle)
    until(lambda: both.at_cloud(Happened.CONNECTED))
    newer = both.line(bundle)
    (lost,) = until(lambda: both.at_cloud(Happened.LOST), "the end of the older of two")
    assert lost.peer == both.at_cloud(Happened.CONNECTED)[0].peer
    until(lambda: any(event.what is Happened.LOST for event in older.wait(0.05)))
    newer.send([b"x"])
    assert until(lambda: both.at_cloud(Happened.FRAME))[0].peer != lost.peer


def test_lines_are_bounded(both: Both) -> None:
    for name in "ABCD":
        both.line(both.authority.enroll(name, both.url))
    until(lambda: len(both.at_cloud(Happened.CONNECTED)) == 4)
    fifth = both.line(both.authority.enroll("E", both.url))
    until(lambda: any(event.what is Happened.LOST for event in fifth.wait(0.05)), "its end")
    assert len(both.at_cloud(Happened.CONNECTED)) == 4
    both.lines[0].drop()
    until(lambda: both.at_cloud(Happened.LOST))
    fifth.dial()
    until(lambda: len(both.at_cloud(Happened.CONNECTED)) == 5, "the fifth")


def test_a_frame_that_is_too_long_ends_its_line_and_no_other(both: Both) -> None:
    long, other = both.line(), both.line(both.authority.enroll("E2", both.url))
    until(lambda: len(both.at_cloud(Happened.CONNECTED)) == 2)
    long.send([bytes(MAX_FRAME + MESSAGE_BYTES + 1)])
    (lost,) = until(lambda: both.at_cloud(Happened.LOST), "the end of a line")
    assert lost.identity.startswith("E1#")
    other.send([b"x"])
    assert until(lambda: both.at_cloud(Happened.FRAME))[0].identity.startswith("E2#")


def test_where_nothing_listens_the_fault_says_so(tmp_path: Path, authority: Authority) -> None:
    url = f"tls+tcp://127.0.0.1:{free_port()}"
    for address, fault in ((url, "refused"), ("tls+tcp://no.such.invalid:1", "no such host")):
        line = EdgeLine(authority.enroll("E1", url), address, MAX_FRAME)
        line.dial()
        assert fault in refused(line)
        line.close()


def test_a_port_that_is_taken_is_said(both: Both) -> None:
    with pytest.raises(ConfigError, match=r"cloud\.listen"):
        CloudPort(f"127.0.0.1:{both.port}", both.authority.server, MAX_FRAME)


def test_a_cloud_that_never_answers_is_given_up(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("energyguard.edge.link.transport.CONNECT_S", 1.0)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"tls+tcp://127.0.0.1:{silent.getsockname()[1]}"
        line = EdgeLine(authority.enroll("E1", url), url, MAX_FRAME)
        line.dial()
        assert "no answer within" in refused(line)
        line.close()


def test_flipped_bytes_never_arrive(both: Both) -> None:
    """TLS ends a line whose bytes were changed; what came before is as it was sent."""
    chance = random.Random(5)
    sent = {chance.randbytes(2000) for _ in range(400)}
    left = list(sent)
    with bad_line(both.port) as proxy:
        line = both.line(url=f"tls+tcp://127.0.0.1:{proxy.port}")
        until(lambda: connected(line))
        proxy.flips = 0.05
        while left and len(both.at_cloud(Happened.LOST)) < 8:
            for event in line.wait(0.005):
                if event.what is Happened.LOST:
                    line.dial()
            line.send([left[-1]]) and left.pop()
        assert proxy.flipped >= 8
        assert {event.frame for event in both.at_cloud(Happened.FRAME)} <= sent
        proxy.flips = 0.0

        def through() -> bool:
            for event in line.wait(0.05):
                if event.what is Happened.LOST:
                    line.dial()
            line.send([b"mended"])
            return any(e.frame == b"mended" for e in both.at_cloud(Happened.FRAME))

        until(through, "a line again")


def test_cuts_at_random_leave_whole_frames_in_order(both: Both) -> None:
    chance = random.Random(6)
    with bad_line(both.port, delay_s=0.002) as proxy:
        line = both.line(url=f"tls+tcp://127.0.0.1:{proxy.port}")
        number = 0
        while len(both.at_cloud(Happened.LOST)) < 10:
            for event in line.wait(0.002):
                if event.what is Happened.LOST:
                    line.dial()
            if line.send([b"%06d" % number * 100]):
                number += 1
            if chance.random() < 0.02:
                proxy.cut_now()
    frames = [event.frame for event in both.at_cloud(Happened.FRAME)]
    assert frames == sorted(set(frames))
    assert all(frame == frame[:6] * 100 for frame in frames)
    assert len(frames) > 10
