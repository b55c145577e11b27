"""Runs an emitted job on a Flink inside this process tree, until it ends or is told to stop.

This file runs in Flink's own environment, where EnergyGuard is not installed: it imports nothing
of ours. SIGTERM or SIGINT: stop with a savepoint.
"""

from __future__ import annotations

import argparse
import logging
import re
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event
from typing import Any

from pyflink.common import Configuration  # type: ignore[import-not-found, unused-ignore]
from pyflink.java_gateway import get_gateway  # type: ignore[import-not-found, unused-ignore]
from pyflink.table import (  # type: ignore[import-not-found, unused-ignore]
    EnvironmentSettings,
    TableEnvironment,
)

LOOK_S = 0.2
"""So often the job's state is looked at."""

_SETTING = re.compile(r"SET '([^']+)' = '([^']*)'")
_log = logging.getLogger("flink")


def statements(text: str) -> Iterator[str]:
    """The statements of a job file; a statement set is one."""
    lines: list[str] = []
    for line in text.splitlines():
        lines += [] if line.startswith("--") else [line]
        whole = "\n".join(lines).strip()
        in_set = whole.startswith("EXECUTE STATEMENT SET") and line != "END;"
        if line.endswith(";") and not in_set:
            yield whole.removesuffix(";")
            lines = []


def statements_of(text: str) -> list[str]:
    """What a job file has Flink do; its settings are ``settings_of``."""
    return [statement for statement in statements(text) if not statement.startswith("SET ")]


def settings_of(text: str, jars: list[Path], state: str | None) -> dict[str, str]:
    """The settings of a job file, and those of a Flink inside this process tree."""
    settings = dict(_SETTING.findall(text))
    settings["pipeline.jars"] = ";".join(jar.resolve().as_uri() for jar in jars)
    settings["taskmanager.numberOfTaskSlots"] = settings["parallelism.default"]
    settings["taskmanager.memory.managed.size"] = "512m"  # RocksDB's caches
    if state is not None:
        settings["execution.state-recovery.path"] = state
    return settings


def submit(text: str, settings: dict[str, str]) -> Any:
    """Start the job; gives Flink's handle of it."""
    conf = Configuration()
    for name, value in settings.items():
        conf.set_string(name, value)
    env = TableEnvironment.create(
        EnvironmentSettings.new_instance().with_configuration(conf).build()
    )
    result = None
    for statement in statements_of(text):
        result = env.execute_sql(statement)
    assert result is not None
    return result.get_job_client()


def follow(job: Any, stop: Event, savepoints: str) -> int:
    """Wait for the job's end; stop it with a savepoint where asked to."""
    ended = job.get_job_execution_result()
    while not stop.wait(LOOK_S):
        if ended.done():
            ended.result()  # raises what ended it
            return 0
    java = get_gateway().jvm.org.apache.flink.core.execution
    stopped = job._j_job_client.stopWithSavepoint(  # PyFlink's own leaves out what Java asks for
        False, savepoints, java.SavepointFormatType.CANONICAL
    )
    _log.info("stopped; the state is in %s", stopped.get())
    return 0


def cause(error: Exception) -> str:
    """What went wrong in the end: the innermost of Java's causes, in one line."""
    lines = [line for line in str(error).splitlines() if line and not line.startswith("\tat ")]
    return next((line for line in reversed(lines) if line.startswith("Caused by:")), lines[0])


def main(start: Callable[[str, dict[str, str]], Any] = submit) -> int:
    """Run a job file; ``start`` takes its text and settings, and gives Flink's handle."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("job", type=Path, help="the emitted file")
    parser.add_argument("--jars", type=Path, nargs="+", help="the Kafka connector")
    parser.add_argument("--savepoints", required=True, help="where a stop leaves the state")
    parser.add_argument("--state", help="savepoint or checkpoint to go on from")
    wanted = parser.parse_args()
    logging.basicConfig(format="flink: %(message)s", stream=sys.stderr)
    _log.setLevel(logging.INFO)
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        text = wanted.job.read_text("utf-8")
        job = start(text, settings_of(text, wanted.jars, wanted.state))
        _log.info("runs: %s", wanted.state or "from the beginning")
        return follow(job, stop, wanted.savepoints)
    except Exception as error:  # Flink's; the bridge to Java gives them many types
        _log.error(cause(error))
        return 1


if __name__ == "__main__":
    sys.exit(main())
