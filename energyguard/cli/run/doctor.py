"""``doctor``: what could be wrong on this machine, each with what to do."""

from __future__ import annotations

import shutil
import socket
import sys
from collections.abc import Callable, Iterator, Mapping
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from energyguard.cli.run.doctor_log import Finding, edges, meters, routes, sums
from energyguard.cli.terminal.call import Call
from energyguard.clock import SYSTEM
from energyguard.errors import ConfigError, DiskFull, EnergyGuardError, Unavailable
from energyguard.processes.registry import living, present

if TYPE_CHECKING:
    from energyguard.settings.tree import Settings

ROOM_BYTES = 2 * 2**30
YEAR_2025_MS = 1_735_689_600_000
CLOCK_SKEW_MS = 2_000


def python(_: Settings) -> Finding:
    """The interpreter, for reports; one that is too old cannot even install us."""
    return Finding(sys.version.split()[0])


def packages(_: Settings) -> Finding:
    """Every package that we need is there."""
    missing = []
    wanted = [row for row in metadata.requires("energyguard") or [] if "extra ==" not in row]
    for row in wanted:
        name = next(iter(row.replace(">", " ").replace("<", " ").replace("=", " ").split()))
        try:
            metadata.version(name)
        except metadata.PackageNotFoundError:
            missing.append(name)
    if missing:
        return Finding(f"missing: {', '.join(missing)}", "run `make install`")
    return Finding(f"{len(wanted)} there")


def rights(settings: Settings) -> Finding:
    """The data folder can be written."""
    try:
        with present(settings.data_dir, "doctor"):
            return Finding(str(settings.data_dir.absolute()))
    except DiskFull as error:
        return Finding(str(error), "make room there")
    except EnergyGuardError as error:
        return Finding(str(error), "give the folder to this user, or choose one with --data-dir")


def room(settings: Settings) -> Finding:
    """The disk has room."""
    folder = next(p for p in [settings.data_dir.absolute(), *_above(settings)] if p.exists())
    free = shutil.disk_usage(folder).free
    found = f"{free / 2**30:.1f} GiB free at {folder}"
    if free < ROOM_BYTES:
        return Finding(found, "free some, or move the data folder: a full disk takes no readings")
    return Finding(found)


def _above(settings: Settings) -> tuple[Path, ...]:
    return tuple(settings.data_dir.absolute().parents)


def clock(settings: Settings) -> Finding:
    """The clock runs, is plausible, and agrees with the disk's."""
    now = SYSTEM.now_ms()
    if now < YEAR_2025_MS:
        return Finding("set before 2025", "set the machine's clock (timedatectl set-ntp true)")
    probe = settings.data_dir / "run"
    if probe.is_dir():
        probe.touch()
        skew = abs(int(probe.stat().st_mtime * 1000) - SYSTEM.now_ms())
        if skew > CLOCK_SKEW_MS:
            return Finding(
                f"the disk's clock differs by {skew / 1000:.1f} s", "let NTP set the file server"
            )
    return Finding("plausible")


def ports(settings: Settings) -> Finding:
    """Our ports are free, or ours."""
    mine = {process.role for process in living(settings.data_dir)}
    taken = []
    for role, part in (("serve", settings.serve), ("history", settings.history)):
        if role in mine or part.port == 0:
            continue
        if fault := cannot_listen(part.host, part.port):
            taken.append(f"{role} {part.host}:{part.port} ({fault})")
    if taken:
        return Finding("; ".join(taken), "choose others: --port, --history-port")
    return Finding("free" if not mine else "ours")


def cannot_listen(host: str, port: int) -> str:
    """Why nobody could listen there; empty: it is free."""
    try:
        kind = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        with socket.socket(kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except OSError as error:
        return error.strerror or str(error)
    return ""


def log(settings: Settings) -> Finding:
    """The log is there, its pages can be read, and each checksum of its appends holds."""
    from energyguard.log.sqlite.inspect import damaged
    from energyguard.log.sqlite.lost import check_log, path_of
    from energyguard.log.sqlite.set_aside import folder_of, summary

    path = path_of(settings.log_url)
    try:
        check_log(settings.log_url, settings.data_dir / "history")
        if path is None or not path.exists():
            return Finding("none yet")
        found = damaged(path)
    except Unavailable as error:
        return Finding(str(error), "make room, and see that this user may read it")
    except EnergyGuardError as error:
        return Finding(str(error), "stop everything, put a backup back, or `energyguard log new`")
    if found:
        todo = "readers go around it; for what it held, put a backup back"
        if "append" not in found or "page" in found.lower() or "malformed" in found:
            todo = "`energyguard stop`, `energyguard log repair`; or put a backup back"
        return Finding(found, todo)
    if kept := summary(path):
        return Finding(kept, f"look at them; delete {folder_of(path)} when that is done")
    return Finding(f"whole, {path.stat().st_size / 2**20:,.1f} MiB")


def history(settings: Settings) -> Finding:
    """Every part of the history that was noted is on disk, and nothing is lost."""
    from energyguard.history.energy.recounted import recounted
    from energyguard.history.losses import FILE, open_losses
    from energyguard.history.parts import noted, on_disk, uncovered

    if lost_rows := open_losses(settings.data_dir):
        path = settings.data_dir / FILE
        return Finding(
            lost_rows, f"put a backup of the history back, or delete {path} to go on without"
        )
    if left := recounted(settings.data_dir):
        return Finding(str(left), "nothing: it goes on while `energyguard up` runs")
    parts = noted(settings.data_dir) or []
    lost = uncovered(parts, list(on_disk(settings.data_dir)))
    if lost:
        many, tables = sum(part.rows for part in lost), sorted({part.table for part in lost})
        return Finding(
            f"{many:,} rows of {', '.join(tables)} are missing",
            "start `energyguard up`: it fills them again from the log, as far as that reaches",
        )
    return Finding(f"{len(parts)} parts, all there" if parts else "none yet")


def small_files(settings: Settings) -> Finding:
    """The small files of the folder can be read: tokens, people, the local store."""
    import apsw

    from energyguard.access.tokens import Tokens
    from energyguard.durable.connections import read_only

    if not settings.data_dir.is_dir():
        return Finding("none yet")
    wrong = []
    for name in ("people.db", "store.db"):
        path = settings.data_dir / name
        if path.exists():
            try:
                ((answer,),) = read_only(path).execute("PRAGMA quick_check(1)")
            except apsw.Error as error:
                answer = str(error)
            wrong += [] if answer == "ok" else [f"{path}: {answer}"]
    try:
        Tokens(settings.data_dir).list()
    except (EnergyGuardError, OSError) as error:
        wrong.append(str(error))
    if wrong:
        todo = "stop everything, put a backup of these back, or move them away to begin afresh"
        return Finding("; ".join(wrong), f"{todo} (docs/operations.md says what is lost)")
    return Finding("can be read")


def polled(settings: Settings) -> Finding:
    """The devices that are asked stand in a file that can be used, and answer."""
    from energyguard.poll.states import OK, states_in
    from energyguard.poll.targets import read_targets

    if settings.poll.file is None:
        return Finding("none")
    states = states_in(settings.data_dir)
    is_asking = "poll" in {process.role for process in living(settings.data_dir)}
    try:
        targets = read_targets(settings.poll.file)
    except ConfigError as error:
        until_then = "those of before are asked" if is_asking else "nobody is asked"
        return Finding("; ".join(error.faults), f"mend the lines; {until_then} until then")
    if states is None or not is_asking:
        return Finding(f"{len(targets)}, and nobody asks them now")
    if (words := states.words()) != OK:
        return Finding(words, f"`energyguard check poll {settings.poll.file}` asks each once")
    return Finding(f"{states.targets} answer")


CHECKS: Mapping[str, Callable[[Settings], Finding]] = {
    "python": python,
    "packages": packages,
    "data folder": rights,
    "disk room": room,
    "clock": clock,
    "ports": ports,
    "log": log,
    "history": history,
    "small files": small_files,
    "polled devices": polled,
    "edges": edges,
    "sums": sums,
    "meters": meters,
    "routes": routes,
}


def examine(settings: Settings) -> Iterator[tuple[str, Finding]]:
    """Run every check."""
    for name, check in CHECKS.items():
        yield name, check(settings)


def doctor(call: Call) -> None:
    """Look for what could be wrong on this machine, and say what to do about it."""
    rows = [
        {"check": name, "ok": not finding.todo, "found": finding.found, "to_do": finding.todo}
        for name, finding in examine(call.settings)
    ]
    call.out.rows(rows)
    wrong = [str(row["check"]) for row in rows if not row["ok"]]
    if wrong:
        raise Unavailable(f"needs attention: {', '.join(wrong)}")
