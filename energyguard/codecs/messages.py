"""Messages of others, a line each: decoded in a process that may die of them.

Native code may be ended by bytes that nobody foresaw, and a message in a log is read again at each
start. So messages that are not plainly sound are decoded by a child, in a fork for each request:
what ends it is found by halves and set apart. The child ends when it has had nothing to do for a
while, or when its parent is gone.
"""

from __future__ import annotations

import atexit
import os
import pickle
import resource
import select
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from io import RawIOBase
from itertools import groupby
from threading import Lock
from typing import IO, Any

from energyguard.codecs.assembly import DefaultLimits
from energyguard.codecs.context import DecodeContext
from energyguard.codecs.formats import decode
from energyguard.codecs.headers import BOM
from energyguard.codecs.refusals import (
    NOTHING,
    NOWHERE,
    Bad,
    Contents,
    bad_record,
    distinct,
    together,
)

CSV, JSON = "csv", "json"


def read_messages(values: Sequence[bytes], context: DecodeContext) -> Contents:
    """Messages of one line each, decoded all at once; no header speaks for those behind it."""
    parts, place = [], 0
    for kind, run in groupby(values, _kind):
        mine = list(run)
        parts.append(_READ[kind](mine, kind, context).moved(place))
        place += len(mine)
    return together(parts)


def _kind(value: bytes) -> str:
    if not value:
        return ""
    return JSON if value.removeprefix(BOM)[:1] == b"{" else CSV


def _empty(values: Sequence[bytes], kind: str, context: DecodeContext) -> Contents:
    bad = [bad_record(i, kind, value, "is empty") for i, value in enumerate(values)]
    return Contents(NOTHING, NOWHERE, bad)


def _lines(values: Sequence[bytes], kind: str, context: DecodeContext) -> Contents:
    """Messages of a shape."""
    bad: list[Bad] = []
    lines = values
    text = b"\n".join(lines)
    if text.count(b"\n") != len(values) - 1:
        lines = [line.rstrip(b"\r\n") for line in lines]
        several = [i for i, line in enumerate(lines) if b"\n" in line]
        bad = [bad_record(i, kind, values[i], "is more than one line") for i in several]
        for i in several:
            lines[i] = b""
        text = b"\n".join(lines)
    _, found = decode(text, kind, context.limits, device=context.device, headed=False, single=None)
    bad += [
        Bad(row.row - 1, row.shape or kind, replace(row, row=1, original=values[row.row - 1]))
        for row in found.refused
    ]
    if distinct(found.rows) + len(bad) < len(values):
        read = {refusal.record for refusal in bad} | set((found.rows - 1).tolist())
        silent = sorted({*range(len(values))} - read)
        bad += [bad_record(i, kind, values[i], "holds no reading") for i in silent]
    return Contents(found.batch, found.rows - 1, bad)


_READ = {"": _empty, CSV: _lines, JSON: _lines}


Decode = Callable[[Sequence[bytes], DecodeContext], Contents]
"""Decodes messages; it is named to the child, so it is a function of a module."""
MAX_CPU_S = 60
"""What a request may take before it is ended."""
IDLE_S = 60.0
_SIZE = 8
_START = "from energyguard.codecs.messages import serve; serve()"
_Request = tuple[Decode, Sequence[bytes], DecodeContext]
_Answer = tuple[Contents | None, str]


class IsolatedDecoder:
    """A child that decodes. Thread-safe.

    Args:
        decode: what it does with messages.
    """

    def __init__(self, decode: Decode = read_messages) -> None:
        self._decode = decode
        self._lock = Lock()
        self._child: subprocess.Popen[bytes] | None = None

    def read(self, values: Sequence[bytes], context: DecodeContext) -> Contents:
        """Decode messages; one that ends its decoder is refused, its neighbours are not.

        Args:
            values: the messages.
            context: what is known of them.
        """
        limits = DefaultLimits(context.limits.plausible_kwh, context.limits.plausible_kw)
        context = context._replace(limits=limits)  # nothing else goes to the child
        with self._lock:
            return together(self._halves(0, values, context))

    def close(self) -> None:
        """End the child."""
        with self._lock:
            self._end()

    def forget(self) -> None:
        """Leave the child to the process that started it: this one is a fork of that."""
        self._lock, self._child = Lock(), None

    def _halves(
        self, place: int, values: Sequence[bytes], context: DecodeContext
    ) -> list[Contents]:
        found, end = self._ask((self._decode, values, context))
        if found is not None:
            return [found.moved(place)]
        if len(values) == 1:
            bad = [bad_record(place, CSV, values[0], f"its decoder was ended by it: {end}")]
            return [Contents(NOTHING, NOWHERE, bad)]
        half = len(values) // 2
        left = self._halves(place, values[:half], context)
        return left + self._halves(place + half, values[half:], context)

    def _ask(self, request: _Request) -> _Answer:
        """The child's answer; a child that has gone (it was idle) is started again, once."""
        for _ in range(2):
            try:
                child = self._child or self._start()
                assert child.stdin is not None
                assert child.stdout is not None
                _write(child.stdin, request)
                answer: _Answer = _read(child.stdout)
                return answer
            except (OSError, EOFError):
                self._end()
        return None, "the child that decodes is gone"

    def _start(self) -> subprocess.Popen[bytes]:
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        self._child = subprocess.Popen(
            [sys.executable, "-P", "-c", _START],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            start_new_session=True,
        )
        return self._child

    def _end(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            child.kill()
            child.communicate()


ISOLATED = IsolatedDecoder()
"""The child of this process."""
atexit.register(ISOLATED.close)
os.register_at_fork(after_in_child=ISOLATED.forget)


def serve() -> None:
    """What the child does: answer requests on standard input, each in a fork."""
    incoming, outgoing = os.fdopen(0, "rb", buffering=0), os.fdopen(1, "wb")
    while select.select([incoming], [], [], IDLE_S)[0]:
        try:
            request = _read(incoming)
        except EOFError:
            return
        _write(outgoing, _forked(request))


def _forked(request: _Request) -> _Answer:
    receive, send = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(receive)
        _answer(send, request)
    os.close(send)
    with os.fdopen(receive, "rb") as pipe:
        try:
            answer: _Answer | None = _read(pipe)
        except (EOFError, pickle.UnpicklingError):
            answer = None
    _, status = os.waitpid(child, 0)
    return answer or (None, f"signal {status & 0x7F}" if status & 0x7F else f"exit {status >> 8}")


def _answer(send: int, request: _Request) -> None:
    """Decode and end, in the fork."""
    code = 1
    try:
        resource.setrlimit(resource.RLIMIT_CPU, (MAX_CPU_S, MAX_CPU_S))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        decode, values, context = request
        with os.fdopen(send, "wb") as pipe:
            _write(pipe, (decode(values, context), ""))
        code = 0
    finally:
        os._exit(code)


def _write(pipe: IO[bytes], value: object) -> None:
    data = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
    pipe.write(len(data).to_bytes(_SIZE, "little"))
    pipe.write(data)
    pipe.flush()


def _read(pipe: RawIOBase | IO[bytes]) -> Any:
    """The next value.

    Raises:
        EOFError: there is none.
    """
    size = int.from_bytes(_exactly(pipe, _SIZE), "little")
    return pickle.loads(_exactly(pipe, size))


def _exactly(pipe: RawIOBase | IO[bytes], size: int) -> bytes:
    data = bytearray()
    while len(data) < size:
        more = pipe.read(min(size - len(data), 1 << 20))
        if not more:
            raise EOFError
        data += more
    return bytes(data)
