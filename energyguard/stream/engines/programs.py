"""What an engine needs besides Python: Java, the jars of its connector, and the job's topics."""

from __future__ import annotations

import ctypes
import importlib.util
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from energyguard.errors import NotFound, Unavailable

ANSWER_S: Final = 10.0
"""How long the brokers may take to answer."""

KEPT: Final = Path(__file__).parents[3] / ".engines"
"""Where ``make engines`` puts them, in a checkout."""

_PR_SET_PDEATHSIG: Final = 1


def java_home() -> Path:
    """The folder of the Java that runs the engine.

    Raises:
        Unavailable: there is none.
    """
    found = shutil.which("java")
    if found is None:
        raise Unavailable("no `java` on this machine (Debian: apt-get install openjdk-17-jre)")
    return Path(found).resolve().parents[1]


def jars_of(engine: str, folder: Path | None = None) -> list[Path]:
    """The jars in a folder; None: those of ``make engines``.

    Raises:
        Unavailable: there are none.
    """
    folder = folder or KEPT / engine
    found = sorted(folder.absolute().glob("*.jar"))
    if not found:
        raise Unavailable(f"no jars for {engine} in {folder}: run `make engines`, or say --jars")
    return found


def check_topics(bootstrap: str, topics: Sequence[str], properties: Mapping[str, str]) -> None:
    """See that the brokers answer and have a job's topics.

    Without the extra ``kafka``, or where the brokers ask for a log-in, the engine will say it.

    Raises:
        Unavailable: no broker answers.
        NotFound: a topic is not there.
    """
    if importlib.util.find_spec("confluent_kafka") is None or properties:
        return
    from confluent_kafka import KafkaException
    from confluent_kafka.admin import AdminClient

    try:
        admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0})
        there = admin.list_topics(timeout=ANSWER_S).topics
    except KafkaException:
        raise Unavailable(f"no Kafka answers at {bootstrap}: is --kafka right?") from None
    missing = [name for name in topics if name and name not in there]
    if missing:
        names = ", ".join(map(repr, missing))
        raise NotFound(f"{bootstrap} has no topic {names}: make it, or name another")


def ended(words: Sequence[str | Path], environment: Mapping[str, str]) -> int:
    """Run a child to its end. What would stop us (SIGTERM, SIGINT) stops it, and so does our end.

    Returns:
        Its exit code.
    """
    with subprocess.Popen(words, env=environment, preexec_fn=_ends_with_us) as child:
        stops = (signal.SIGTERM, signal.SIGINT)
        before = {stop: signal.signal(stop, lambda *_: child.terminate()) for stop in stops}
        try:
            return child.wait()
        finally:
            for one, handler in before.items():
                signal.signal(one, handler)
            child.terminate()


def _ends_with_us() -> None:
    """Ask Linux, in the child, for SIGTERM when its parent is gone: nobody hears of a kill -9."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
