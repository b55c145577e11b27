"""Processes of the product, forked from one that has imported it: an import takes a second.

Each is a process like any other, with an id of its own: it may be stopped and killed -9, and what
it writes, its folder and its environment are its own. Only its memory is more. The true command
line is what these start: ``e2e/test_up.py``, ``edge/``, ``processes/``, ``deploy/``.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from threading import Lock
from typing import Any

ROOT = Path(__file__).parents[1]
WORLD = ("PYTHON", "GOLDEN")
"""So begin the variables that say how an interpreter starts: each such world has a server."""
_MAX_REQUEST, _MAX_CODE = 1 << 17, 20


class Server:
    """The process that forks the others, and says how each of them ended."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        path = os.pathsep.join(filter(None, (env.get("PYTHONPATH"), str(ROOT))))
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.forking", str(theirs.fileno())],
                env={**env, "PYTHONPATH": path},
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
            )
        self._lock = Lock()
        atexit.register(self._close)

    def _close(self) -> None:
        self._ours.close()
        self._process.wait()

    def fork(self, request: Mapping[str, object], files: list[int]) -> tuple[int, int]:
        """A new process: its id, and a descriptor that gives its exit code once it has ended."""
        ended, says = os.pipe()
        try:
            with self._lock:
                socket.send_fds(self._ours, [json.dumps(request).encode()], [*files, says])
                return int(self._ours.recv(_MAX_REQUEST)), ended
        finally:
            os.close(says)


_SERVERS: dict[frozenset[tuple[str, str]], Server] = {}
_BEGINNING = Lock()


def _server(env: Mapping[str, str]) -> Server:
    world = frozenset(item for item in env.items() if item[0].startswith(WORLD))
    with _BEGINNING:
        if world not in _SERVERS:
            _SERVERS[world] = Server(env)
        return _SERVERS[world]


class Forked(subprocess.Popen[bytes]):
    """``python -m MODULE WORDS`` or ``python -c CODE WORDS``, without its imports.

    Given are the words after ``python``; all else is as of every `subprocess.Popen`.
    """

    _ended: int

    def _execute_child(self, args: Any, *given: Any) -> None:
        cwd, env, pipes = given[4], given[5], given[9:15]
        request = {
            "words": list(map(os.fspath, args)),
            "cwd": os.fspath(cwd or Path.cwd()),
            "env": dict(os.environ if env is None else env),
            "session": given[20],
        }
        files = [fd if fd != -1 else own for own, fd in enumerate((pipes[0], *pipes[3::2]))]
        try:
            self.pid, self._ended = _server(request["env"]).fork(request, files)
            self._child_created = True
        finally:
            self._close_pipe_fds(*pipes)  # type: ignore[attr-defined]

    def _internal_poll(self, *_: Any, **__: Any) -> int | None:
        return self._look(0)

    def _wait(self, timeout: float | None) -> int:
        code = self._look(timeout)
        if code is None:
            raise subprocess.TimeoutExpired(self.args, timeout or 0)
        return code

    def _look(self, timeout: float | None) -> int | None:
        """The exit code, as soon as there is one; None: it runs still."""
        if self.returncode is None and _is_readable(self._ended, timeout):
            with self._waitpid_lock:  # type: ignore[attr-defined]
                if self.returncode is None:
                    self.returncode = int(os.read(self._ended, _MAX_CODE) or -signal.SIGKILL)
                    os.close(self._ended)
        return self.returncode


def _is_readable(descriptor: int, timeout: float | None) -> bool:
    looked = select.poll()
    looked.register(descriptor)
    return bool(looked.poll(None if timeout is None else timeout * 1000))


def run(
    *words: str,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    given: str = "",
    timeout_s: float | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a command of the product, and give what it came to."""
    pipe = subprocess.PIPE
    with Forked(
        ("-m", "energyguard", *words), cwd=cwd, env=env, stdin=pipe, stdout=pipe, stderr=pipe
    ) as process:
        try:
            out, err = process.communicate(given.encode(), timeout_s)
        except BaseException:
            process.kill()
            raise
    return subprocess.CompletedProcess(words, process.returncode, out.decode(), err.decode())


def _imported() -> None:
    """Import what roles and commands import."""
    from energyguard.arrow import go_without_pandas

    go_without_pandas()
    from energyguard.cli import commands  # noqa: F401
    from energyguard.domain import load
    from energyguard.pipeline import ROLES

    for role in ROLES.values():
        if role.name != "history":  # its engine begins threads, which no fork has
            load(role.steps or role.run)
    assert "chdb" not in sys.modules


def _serve(server: socket.socket) -> list[str] | None:
    """Fork whenever it is asked for; what the new process is to run, None at the end."""
    running: dict[int, tuple[int, int]] = {}  # by descriptor: id, and where its end is said
    while True:
        for ready in select.select([server.fileno(), *running], [], [])[0]:
            if ready != server.fileno():
                pid, says = running.pop(ready)
                os.write(says, str(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])).encode())
                os.close(says)
                os.close(ready)
                continue
            message, files, *_ = socket.recv_fds(server, _MAX_REQUEST, 4)
            if not message:
                return None
            pid = os.fork()
            if not pid:
                for descriptor in (*running, *(says for _, says in running.values()), files[3]):
                    os.close(descriptor)
                server.close()
                return _become(json.loads(message), files[:3])
            running[os.pidfd_open(pid)] = pid, files[3]
            for descriptor in files[:3]:
                os.close(descriptor)
            server.send(str(pid).encode())


def _become(request: Mapping[str, Any], files: list[int]) -> list[str]:
    for number, descriptor in enumerate(files):
        os.dup2(descriptor, number)
        os.close(descriptor)
    if request["session"]:
        os.setsid()
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["env"])
    signal.signal(signal.SIGINT, signal.default_int_handler)
    return list(request["words"])


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _imported()
    gc.collect()
    gc.freeze()
    WORDS = _serve(socket.socket(fileno=int(sys.argv[1])))
    if WORDS is not None:
        how, what, *sys.argv[1:] = WORDS
        if how == "-m":
            runpy.run_module(what, run_name="__main__", alter_sys=True)
        else:
            exec(compile(what, "<string>", "exec"), {"__name__": "__main__"})
