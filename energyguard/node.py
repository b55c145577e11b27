"""The composition root: settings to backends to roles. The only module that knows every backend.

The roles stand in ``pipeline.ROLES``. Each can be a process of its own (``energyguard role
worker``), or share one (``role worker detector``); ``up`` runs them all and tends them.
"""

from __future__ import annotations

import faulthandler
import os
import signal
import sys
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from energyguard.audit import AuditTrail
from energyguard.backup.exchange import finish_exchange
from energyguard.backup.folder_version import refuse_newer
from energyguard.backup.opened import open_folder
from energyguard.backup.requests import RestoreRequest, take_request
from energyguard.backup.restore import restore
from energyguard.clock import SYSTEM
from energyguard.domain import load
from energyguard.durable.private import keep_private
from energyguard.errors import ConfigError, EnergyGuardError, NotFound
from energyguard.flow import Role
from energyguard.log.sqlite.lost import check_log
from energyguard.pipeline import ROLES
from energyguard.processes.registry import living, present
from energyguard.processes.role_runner import play_together
from energyguard.processes.supervisor import Supervisor, last_words, log_for_people
from energyguard.settings.tree import Settings

if TYPE_CHECKING:
    from energyguard.history import History
    from energyguard.history.people import People
    from energyguard.log import Log
    from energyguard.service.service import EnergyService

PATIENCE_S = 15.0
"""How long a role may drain when it is told to stop."""


class Ready(msgspec.Struct, frozen=True):
    """What the role `serve` says in ``run/serve.json`` when it answers."""

    url: str
    login: str = ""


def run_roles(
    names: Sequence[str], settings: Settings, parent: int | None = None, metrics: str | None = None
) -> None:
    """Play roles in this process until SIGTERM, SIGINT, or the end of ``parent`` (a descriptor).

    The first is the process's own, the others play in threads beside it. When one ends with an
    error, all end.

    Args:
        names: the roles'.
        settings: what they get.
        parent: a pipe that ends the roles when it is closed.
        metrics: ``host:port`` at which the process tells its figures; None: nowhere.

    Raises:
        NotFound: there is no such role.
        ConfigError: ``metrics`` is no address to listen on.
    """
    from energyguard.telemetry import set_up_logging

    if unknown := [name for name in names if name not in ROLES]:
        raise NotFound(f"no role {unknown[0]!r}; there are: {', '.join(ROLES)}")
    first = ROLES[names[0]]
    faulthandler.enable()  # a library that crashes leaves the stacks of all threads in the log
    stop = threading.Event()
    os.nice(first.niceness)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    if parent is not None:
        threading.Thread(target=_until_closed, args=(parent, stop), daemon=True).start()
    set_up_logging(settings.log_level, first.name)
    if metrics is not None:
        from energyguard.ports.metrics import answer_metrics

        answer_metrics(metrics)
    keep_private(settings.data_dir, group=settings.group_readable)
    finish_exchange(settings.data_dir)
    refuse_newer(settings.data_dir)
    check_log(settings.log_url, settings.data_dir / "history")
    play_together({name: partial(_run, ROLES[name]) for name in names}, settings, stop)


def _run(role: Role, settings: Settings, stop: threading.Event) -> None:
    if role.steps:
        from energyguard.simulators.steps import play as play_steps

        play_steps(load(role.steps), settings, stop)
    else:
        load(role.run)(settings, stop)


def lasting_roles(settings: Settings) -> list[str]:
    """The roles that ``up`` plays whatever is demonstrated."""
    return [role.name for role in ROLES.values() if not role.scenario and role.is_wanted(settings)]


def _until_closed(parent: int, stop: threading.Event) -> None:
    while os.read(parent, 4096):  # not a file object: its lock would be held at the very end
        pass
    stop.set()


def up(settings: Settings, roles: Sequence[str], say: Callable[[str], None]) -> bool:
    """Run roles as child processes until SIGINT or SIGTERM; true if all of them drained.

    Args:
        settings: what every role gets; the data folder is open (``open_folder``).
        roles: their names.
        say: takes sentences for people: the address, who died, how it stopped.

    Raises:
        Conflict: this data folder is in use by another ``up``.
        Corrupt: the log cannot be opened.
        ConfigError: a role cannot use its settings (it has said why).
    """
    stop, hurry = threading.Event(), threading.Event()

    def on_signal(*_: object) -> None:
        (hurry if stop.is_set() else stop).set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, on_signal)
    command = (sys.executable, "-m", "energyguard", "role", "--child")
    apart = [r.name for r in ROLES.values() if r.name in roles and r.beside not in roles]
    beside = {name: [n for n in roles if ROLES[n].beside == name] for name in apart}
    commands = {name: (*command, name, *beside[name]) for name in apart}
    while True:
        ended = _tend(settings, roles, commands, say, stop, hurry)
        if not isinstance(ended, RestoreRequest):
            return ended
        _put_back(ended, settings, say)
        open_folder(settings, say)


def _tend(
    settings: Settings,
    roles: Sequence[str],
    commands: Mapping[str, Sequence[str]],
    say: Callable[[str], None],
    stop: threading.Event,
    hurry: threading.Event,
) -> bool | RestoreRequest:
    """Keep roles running until told to stop, or to put a copy back: that is returned then."""
    with present(settings.data_dir, "up", max_processes=1):
        _wait_for_predecessors(settings, roles, say, stop)
        ready = settings.data_dir / "run" / "serve.json"
        ready.unlink(missing_ok=True)
        log = log_for_people(settings.data_dir / "run" / "up.log")
        if log is not None:
            say(f"starting {', '.join(commands)}; their log is {log.name}")
        supervisor = Supervisor(commands, settings.model_dump_json().encode(), say, stderr=log)
        announced, request = "serve" not in commands, None
        while not stop.is_set() and supervisor.hopeless is None and request is None:
            supervisor.supervise()
            if not announced and ready.exists():
                with suppress(msgspec.DecodeError):  # half written: look again
                    answer = msgspec.json.decode(ready.read_bytes(), type=Ready)
                    say(f"EnergyGuard is ready: {answer.login or answer.url}")
                    announced = True
            request = take_request(settings.data_dir)
            stop.wait(0.1)
        say("stopping: sources first, then what is under way (Ctrl-C again: at once)")
        clean = supervisor.stop(PATIENCE_S, hurry)
    if supervisor.hopeless is not None:
        why = "the line above says why" if log is None else last_words(log.name)
        raise ConfigError(f"a role cannot use its settings; {why}")
    return request if request is not None and not stop.is_set() else clean


def _put_back(request: RestoreRequest, settings: Settings, say: Callable[[str], None]) -> None:
    """Put a copy back; where that fails, all goes on with what is there."""
    try:
        aside = restore(Path(request.copy), settings.data_dir, replace=True)
    except EnergyGuardError as error:
        say(f"the copy that {request.by} wanted could not be put back: {error}")
    else:
        say(f"{request.by} had {request.copy} put back; what was there is {aside} now")
        with open_log(settings) as log:
            copy = Path(request.copy).name
            AuditTrail(log, SYSTEM).note("copy put back", request.by, copy, f"before: {aside}")


def _wait_for_predecessors(
    settings: Settings, roles: Collection[str], say: Callable[[str], None], stop: threading.Event
) -> None:
    """Let the roles of an `up` that was killed drain: they still hold ports and folders."""
    deadline = SYSTEM.monotonic() + PATIENCE_S
    announced = False
    while not stop.is_set() and SYSTEM.monotonic() < deadline:
        left = [process for process in living(settings.data_dir) if process.role in roles]
        if not left:
            return
        if not announced:
            names = ", ".join(f"{process.role} ({process.pid})" for process in left)
            say(f"waiting for {names} of an earlier start to end")
            announced = True
        stop.wait(0.1)


@contextmanager
def open_log(settings: Settings) -> Iterator[Log]:
    """The log of these settings, closed at the block's end."""
    from energyguard.log import open_log as open_url

    check_log(settings.log_url, settings.data_dir / "history")
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    log = open_url(settings.log_url, options=settings.log.kafka)
    try:
        yield log
    finally:
        log.close()


@contextmanager
def open_history(settings: Settings) -> Iterator[History]:
    """The history, through the door that the role `history` holds open."""
    from energyguard.history.client import HistoryClient

    history = HistoryClient(settings.data_dir)
    try:
        yield history
    finally:
        history.close()


def detect(settings: Settings, stop: threading.Event) -> None:
    """Play the role ``detector``, which learns from the history what its log no longer has."""
    from energyguard.history.past import PastReadings
    from energyguard.stream.windows.role import detect as judge

    with open_history(settings) as history:
        judge(settings, stop, PastReadings(history))


def notify(settings: Settings, stop: threading.Event) -> None:
    """Play the role ``notifier``, whose reports ask the service what was used."""
    from energyguard.notifier.role import run

    run(settings, stop, partial(open_service, settings))


def restate(settings: Settings, stop: threading.Event) -> None:
    """Play the role ``restate``: alerts that late readings make or unmake are told."""
    from energyguard.pipeline import RESTATE
    from energyguard.restatement.role import run

    with open_history(settings) as history:
        run(settings, stop, history, RESTATE)


def restate_past(settings: Settings, stop: threading.Event) -> None:
    """Play the role ``restate-past``: the same of readings that are imported as of the past."""
    from energyguard.pipeline import RESTATE_PAST
    from energyguard.restatement.role import run

    with open_history(settings) as history:
        run(settings, stop, history, RESTATE_PAST)


@contextmanager
def open_people(settings: Settings) -> Iterator[People]:
    """Pseudonyms, and who stands behind them: of the data folder, for its owner."""
    from energyguard.history.people import People

    people = People(settings.data_dir)
    try:
        yield people
    finally:
        people.close()


@contextmanager
def open_service(settings: Settings) -> Iterator[EnergyService]:
    """Everything that may be asked or done."""
    from energyguard.service.service import EnergyService

    with (
        open_log(settings) as log,
        open_history(settings) as history,
        EnergyService(log, history, settings) as service,
    ):
        yield service
