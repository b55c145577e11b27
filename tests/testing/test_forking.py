"""What is forked is a process like one that the command line starts."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from energyguard import __version__
from tests.forking import Forked, run

SAYS = """
import os, sys
print(os.getpid(), os.getcwd(), os.environ["MINE"], sys.argv[1:], sys.stdin.read(), flush=True)
print("wrong", file=sys.stderr)
sys.exit(3)
"""
SLEEPS = "import time; print('there', flush=True); time.sleep(600)"
PIPE = subprocess.PIPE


def test_it_has_its_id_its_folder_its_environment_and_its_exit_code(tmp_path: Path) -> None:
    env = {**os.environ, "MINE": "yes"}
    words = ("-c", SAYS, "a word", "another")
    with Forked(words, cwd=tmp_path, env=env, stdin=PIPE, stdout=PIPE, stderr=PIPE) as process:
        out, err = process.communicate(b"given")
    said = f"{process.pid} {tmp_path} yes ['a word', 'another'] given\n"
    assert (out.decode(), err, process.returncode) == (said, b"wrong\n", 3)
    assert process.pid != os.getpid()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it(how: signal.Signals) -> None:
    with Forked(("-c", SLEEPS), stdout=PIPE, stderr=PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"there\n"
        assert process.poll() is None
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.01)
        process.send_signal(how)
        assert process.wait(60) == -how
        with pytest.raises(ProcessLookupError):
            os.kill(process.pid, 0)


def test_a_command_says_what_it_says() -> None:
    done = run("version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"energyguard {__version__}\n", "")
    assert run("nowhere").returncode == 2
