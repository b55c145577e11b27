"""``import sessions``: real exports of charging networks, with their defects."""

from __future__ import annotations

import getpass
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from energyguard.cli.terminal.call import Call
from energyguard.cli.terminal.files import writable
from energyguard.cli.terminal.noting import MAX_NAMED, note
from energyguard.cli.terminal.output import progress
from energyguard.errors import Malformed

if TYPE_CHECKING:
    from energyguard.domains.charging.exports.importer import Export
    from energyguard.domains.charging.exports.reconcile import Fix
    from energyguard.domains.charging.exports.rows import Defect
    from energyguard.files.found import FileAnswers
    from energyguard.service.intake.table_files import TableImport

_ZONES = "the network's, serve.zone"
_MAP = "What a column is: COLUMN=ROLE; again for more."
SHOWN = 5
"""Rows of a preview."""


def sessions(
    call: Call,
    files: Annotated[list[Path], typer.Argument(help="CSV, XLSX, JSON; also gzipped, zipped.")],
    zone: Annotated[
        str, typer.Option(help="Of times that do not say it.", show_default=_ZONES)
    ] = "",
    network: Annotated[
        str,
        typer.Option(help="Whose sessions they are.", show_default="the layout's, or default"),
    ] = "",
    map_: Annotated[list[str] | None, typer.Option("--map", help=_MAP)] = None,
    reconcile: Annotated[
        bool, typer.Option("--reconcile", help="Propose for each defect what may have been meant.")
    ] = False,
    apply: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="Take proposals that are at least so sure (0 to 1)."),
    ] = None,
    defects: Annotated[
        Path | None, typer.Option(help="A file for all defects, JSON lines; `-`: stdout.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only look; import nothing.")] = False,
) -> None:
    """Import charging sessions from a network's export into the history.

    What a file leaves open is asked in a terminal, elsewhere refused with the option that answers
    it. Each row becomes a session, repeats one, or is refused and kept as a dead letter; defects
    are counted. All files of a command are one delivery. The same rows again are no further
    sessions; a session that is told better replaces what was there. `imports` lists the command's
    import, and `import undo ID` undoes it as a whole; the same files again bring it back.
    """
    from energyguard.cli.send.imports import answers_of
    from energyguard.domains.charging.exports.importer import why_useless
    from energyguard.domains.charging.exports.reconcile import proposals

    answers = answers_of(call, map_ or [], zone)
    export, answers = _understood(call, files, answers, _named(network))
    if dry_run:
        _preview(export)
    counted, sure = export.counted(), 2.0 if apply is None else apply
    fixes = list(proposals(export.every)) if reconcile or apply is not None else []
    if defects is not None:
        _write(export, fixes, defects)
    taken = _reconciled(export, fixes, sure)
    if not dry_run:
        _put(call, export, _import_of(files, answers, network))
    call.out.rows(_counts(counted, fixes), empty="no defects")
    _summary(call, export, taken, dry_run=dry_run)
    if why := why_useless(export):
        raise Malformed(why)


def _reconciled(export: Export, fixes: Sequence[Fix], sure: float) -> int:
    """Take the proposals that are so sure; how many there are."""
    from energyguard.domains.charging.exports.reconcile import apply

    taken = [fix for fix in fixes if fix.changes and fix.confidence >= sure]
    for fix in taken:
        apply(fix)
    export.sort_out()
    return len(taken)


def _understood(
    call: Call, files: Sequence[Path], answers: FileAnswers, network: str
) -> tuple[Export, FileAnswers]:
    """The files, with what was answered of them.

    Raises:
        Malformed: they leave a question open, and nobody is there to answer.
    """
    from energyguard.cli.send.imports import ask, may_ask
    from energyguard.domains.charging.exports.importer import read_exports
    from energyguard.files.found import check_doubts

    while True:
        with progress("read", "rows") as report:
            export = read_exports(files, answers, lambda rows: report(rows, None), network)
        if not export.doubts:
            return export, answers
        if not may_ask(call):
            check_doubts(", ".join(path.name for path in files[:MAX_NAMED]), export.doubts)
        doubt = export.doubts[0]
        answers = answers.answering(doubt, ask(doubt.question, doubt.choices))


def _preview(export: Export) -> None:
    """What was found out of each file, and its first sessions."""
    from energyguard.cli.send.imports import show_findings

    for name, findings in export.findings.items():
        sys.stderr.write(f"energyguard: {name}:\n")
        show_findings(findings)
    for session in export.sessions[:SHOWN]:
        sys.stderr.write(f"energyguard: row {session.row}: {session.sentence()}\n")
    for session in export.refused[:SHOWN]:
        why = "; ".join(f"{found.defect}: {found.detail}" for found in session.defects)
        sys.stderr.write(f"energyguard: row {session.row}: refused: {why}\n")


def _named(network: str) -> str:
    if network and not re.fullmatch(r"[\w.-]{1,60}", network):
        raise typer.BadParameter(f"--network {network!r}: letters, digits, '.', '_' and '-'")
    return network


def _import_of(files: Sequence[Path], answers: FileAnswers, network: str) -> TableImport:
    """By what the files of a command can be undone as a whole."""
    from energyguard.clock import SYSTEM
    from energyguard.service.intake.file_imports import import_id_of, import_key
    from energyguard.service.intake.table_files import TableImport

    names = ", ".join(path.name for path in files[:MAX_NAMED])
    given = f"{answers.key()}|{network}".rstrip("|")
    import_id = import_id_of(import_key(sorted(files), given))
    return TableImport(import_id, names, getpass.getuser(), SYSTEM.now_ms())


def _put(call: Call, export: Export, of: TableImport) -> None:
    from energyguard.domains.charging.exports.importer import Importer

    total = len(export.sessions)
    with call.log() as log, progress("import", "sessions") as tell:
        Importer(log, lambda done: tell(done, total), of).put(export)
    note(call, "import", of.file, f"{of.id} {total:,} charging sessions")


def _counts(counted: Counter[Defect], fixes: list[Fix]) -> Iterator[dict[str, Any]]:
    """How many rows have each defect, and what may have been meant by them."""
    for defect, rows in counted.most_common():
        row: dict[str, Any] = {"defect": defect.value, "rows": rows}
        if fixes:
            sure = [fix.confidence for fix in fixes if fix.found.defect is defect]
            row |= {"proposals": len(sure), "confidence": _mean(sure)}
        yield row


def _summary(call: Call, export: Export, reconciled: int, *, dry_run: bool) -> None:
    became = [len(rows) for rows in (export.sessions, export.repeated, export.refused)]
    assert sum(became) == export.rows, "a row is lost"
    would = "would be " if dry_run else ""
    call.out.done(
        f"{export.rows:,} rows = {became[0]:,} sessions {would}imported + {became[1]:,} repeated"
        f" + {became[2]:,} refused"
        + (f"; {export.replaced:,} replace what was there" if export.replaced else "")
        + (f"; {reconciled:,} reconciled" if reconciled else ""),
        rows=export.rows,
        sessions=became[0],
        repeated=became[1],
        refused=became[2],
        replaced=export.replaced,
        reconciled=reconciled,
        imported=not dry_run,
    )


def _mean(numbers: list[float]) -> float | None:
    return round(sum(numbers) / len(numbers), 2) if numbers else None


def _write(export: Export, fixes: list[Fix], path: Path) -> None:
    """Each defect with its place, and what may have been meant, a line each."""
    proposed = {(fix.session.file, fix.session.row, fix.found): fix for fix in fixes}
    with writable(str(path)) as out:
        for row in export.every:
            for found in row.defects:
                line: dict[str, Any] = {
                    "file": row.file,
                    "row": row.row,
                    "defect": found.defect.value,
                    "detail": found.detail,
                }
                fix = proposed.get((row.file, row.row, found))
                if fix is not None:
                    line |= {"proposal": fix.proposal, "confidence": fix.confidence}
                out.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")
