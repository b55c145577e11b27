"""A network that fails: a port at which a fault waits for whoever calls."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import StrEnum
from threading import Event, Thread
from typing import Final

SLOW_S: Final = 0.2
HELLO: Final = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
RESETS: Final = struct.pack("ii", 1, 0)  # of SO_LINGER: closing sends a reset


class Fault(StrEnum):
    """What becomes of a call."""

    REFUSED = "nobody listens"
    RESET = "in the middle of the answer the connection is reset"
    SILENT = "it is taken, and nothing is ever said"
    SLOW = "the answer comes whole, after a while"
    HALF = "half the answer comes, and the connection ends"


@contextmanager
def failing(fault: Fault, answer: bytes = HELLO, port: int = 0) -> Iterator[int]:
    """Let every call at a port of loopback meet a fault; gives the port.

    Args:
        fault: what happens.
        answer: the bytes of which some, all or none are sent once something was asked.
        port: where; 0: a free one.
    """
    over, calls = Event(), list[Thread]()
    with socket.create_server(("127.0.0.1", port)) as listening:
        port = int(listening.getsockname()[1])
        listening.settimeout(0.05)

        def take() -> None:
            while not over.is_set():
                with suppress(TimeoutError):
                    caller, _ = listening.accept()
                    calls.append(Thread(target=_meet, args=(caller, fault, answer, over)))
                    calls[-1].start()

        if fault is Fault.REFUSED:
            listening.close()
            yield port
            return
        taking = Thread(target=take)
        taking.start()
        try:
            yield port
        finally:
            over.set()
            for thread in (taking, *calls):
                thread.join(20)


def _meet(caller: socket.socket, fault: Fault, answer: bytes, over: Event) -> None:
    caller.settimeout(0.05)
    with caller, suppress(ConnectionError):
        while not over.is_set():
            try:
                if not caller.recv(65_536):
                    return
            except TimeoutError:
                continue
            if fault is Fault.SILENT:
                continue
            if fault is Fault.SLOW:
                over.wait(SLOW_S)
                caller.sendall(answer)
                continue
            caller.sendall(answer[: len(answer) // 2])
            if fault is Fault.RESET:
                caller.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESETS)
            return
