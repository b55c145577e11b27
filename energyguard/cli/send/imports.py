"""``import readings``: files of readings are looked at, then taken in."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from energyguard.cli.terminal.call import Call
from energyguard.cli.terminal.files import rereadable
from energyguard.cli.terminal.output import at, counted, progress
from energyguard.errors import Malformed

if TYPE_CHECKING:
    from energyguard.files.found import FileAnswers, FileFinding
    from energyguard.service.intake.file_imports import FileImport
    from energyguard.service.intake.file_previews import FilePreview
    from energyguard.service.service import EnergyService

_NANO = 1e9


def readings(
    call: Call,
    files: Annotated[
        list[Path],
        typer.Argument(
            help="CSV, XLSX, JSON, XML, Parquet …; also gzipped or zipped; `-` is stdin."
        ),
    ],
    as_: Annotated[str, typer.Option("--as", help="The format.", show_default="found out")] = "",
    zone: Annotated[
        str,
        typer.Option("--zone", help="Of times that do not say it.", show_default="serve.zone"),
    ] = "",
    device: Annotated[
        str, typer.Option("--device", help="Whose readings they are, where no file says so.")
    ] = "",
    map_: Annotated[
        list[str] | None,
        typer.Option("--map", help="What a column is: COLUMN=ROLE; again for more; * is all."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only look, and take nothing.")
    ] = False,
) -> None:
    """Take files of readings of the past in: no alert comes of them, and each can be undone.

    A file is looked at first: its first readings, what was found out and why. What it leaves open
    is asked in a terminal; elsewhere it is refused, with the option that answers it. The same file
    a second time, under any name, changes nothing.
    """
    answers = answers_of(call, map_ or [], zone, as_, device)
    with call.service() as service, ExitStack() as stack:
        looked = []
        for path in (stack.enter_context(rereadable(path)) for path in files):
            seen, given = _looked_at(call, service, path, answers)
            if len(files) > 1:  # together they may be more than there is room for
                seen = replace(seen, read=None)
            looked.append((path, seen, given))
        for _, seen, _given in looked:
            if dry_run or not call.json:
                _show(call, seen)
        if dry_run:
            for _, seen, _given in looked:
                _would_be(call, seen)
            return
        jobs = [_taken(service, path, seen, given) for path, seen, given in looked]
    for job in jobs:
        _show_done(call, job)


def _show_done(call: Call, job: FileImport) -> None:
    """What came of an import.

    Raises:
        Malformed: it was given up.
    """
    if job.fault:
        raise Malformed(f"{job.name}: {job.fault}")
    read, refused = counted(job.done, "reading"), counted(job.refused, "row")
    call.out.done(
        f"{job.id}: {read} of {job.name}, {refused} refused",
        id=job.id, file=job.name, readings=job.done, refused=job.refused,
    )  # fmt: skip


def answers_of(
    call: Call, roles: Sequence[str], zone: str, as_: str = "", device: str = ""
) -> FileAnswers:
    """What the options say.

    Raises:
        typer.BadParameter: a role is not ``COLUMN=ROLE``, or there is no such zone.
    """
    from energyguard.cli.terminal.spans import zone_of
    from energyguard.files.found import FileAnswers

    columns = {}
    for text in roles:
        name, equals, role = text.rpartition("=")
        if not equals or not name or not role:
            raise typer.BadParameter(f"--map {text}: COLUMN=ROLE")
        columns[name] = role
    given = zone_of(call, {"zone": zone}) if zone else ""
    serve = call.settings.serve
    usual = serve.zone if "zone" in serve.model_fields_set else ""
    return FileAnswers(as_, given, usual, device, columns)


def _looked_at(
    call: Call, service: EnergyService, path: Path, answers: FileAnswers
) -> tuple[FilePreview, FileAnswers]:
    """A file, with what was answered of it.

    Raises:
        Malformed: it leaves a question open, and nobody is there to answer.
    """
    from energyguard.files.known_tables import OtherTable
    from energyguard.service.intake.file_previews import preview

    while True:
        seen = preview(path, service, answers)
        if seen.tables is not None:
            raise OtherTable(path.name, seen.tables)
        if not seen.names_device and not answers.device and not seen.messages:
            if not may_ask(call):
                raise typer.BadParameter(f"{path}: no column names the device: --device NAME")
            answers = replace(answers, device=ask(f"{path.name}: whose readings are they"))
        elif seen.doubts:
            _show(call, seen)
            if not may_ask(call):
                seen.check()
            doubt = seen.doubts[0]
            answers = answers.answering(doubt, ask(doubt.question, doubt.choices))
        else:
            return seen, answers


def may_ask(call: Call) -> bool:
    """Whether somebody is there to answer."""
    return sys.stdin.isatty() and sys.stderr.isatty() and not call.json


def ask(question: str, choices: Sequence[str] = ()) -> str:
    """What somebody answers."""
    hint = f" ({', '.join(choices)})" if choices else ""
    default = choices[0] if choices else None
    return str(typer.prompt(f"{question}?{hint}", default=default, err=True)).strip()


def show_findings(findings: Iterable[FileFinding]) -> None:
    """What was found out of a file, and why."""
    for finding in findings:
        sys.stderr.write(f"energyguard: {finding.what}: {finding.value} ({finding.why})\n")


def _show(call: Call, seen: FilePreview) -> None:
    """What was found out, why, and the first readings."""
    show_findings(seen.findings)
    call.out.rows(_first(seen), empty=f"{seen.name}: no reading")
    for row in seen.refused[:3]:
        sys.stderr.write(f"energyguard: {seen.name}:{row.row}: refused: {row.reason}\n")


def _would_be(call: Call, seen: FilePreview) -> None:
    """What would come of a file."""
    many = f"{counted(seen.readings, 'reading')} of {counted(len(seen.devices), 'device')}"
    refused = counted(seen.refused_rows, "row")
    call.out.done(
        f"would be: {many} of {seen.name} ({seen.dialect}), {refused} refused",
        file=seen.name, format=seen.dialect, readings=seen.readings, devices=seen.devices,
        refused=seen.refused_rows, findings=[finding._asdict() for finding in seen.findings],
        kwh=seen.kwh,
    )  # fmt: skip


def _first(seen: FilePreview) -> Iterator[dict[str, Any]]:
    rows = seen.first.to_pylist() if seen.first is not None else []
    for row in rows:
        yield {
            "device": row["device"],
            "channel": row["channel"],
            "time": at(int(row["time"].timestamp() * 1_000)),
            "value": row["value"] / _NANO,
        }


def _taken(
    service: EnergyService, path: Path, seen: FilePreview, answers: FileAnswers
) -> FileImport:
    """Take a file in, with a bar; whoever stops it is told what is there by then."""
    from energyguard.service.intake.file_imports import FileImport

    job = FileImport(path.name, getpass.getuser(), seen.readings, service.clock.now_ms())
    try:
        with progress("import", "readings") as report:
            job.run(service, path, answers, seen)
            report(job.done, seen.readings)
    except KeyboardInterrupt:
        sys.stderr.write(f"energyguard: {path.name}: stopped; {_left(job)}\n")
        raise
    return job


def _left(job: FileImport) -> str:
    """What is there of an import that was stopped, and what may be done about it."""
    if not job.done:
        return "nothing was taken"
    return (
        f"{job.done:,} of {counted(job.total, 'reading')} were taken: the same command takes the "
        f"rest, `energyguard import undo {job.id}` takes them back"
    )
