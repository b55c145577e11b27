"""``correct``, ``corrections``, ``imports``: readings that are wrong, with undo, who and why."""

from __future__ import annotations

import getpass
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from energyguard.cli.terminal.call import Call
from energyguard.cli.terminal.output import at
from energyguard.cli.terminal.spans import Zone, zone_of
from energyguard.cli.terminal.times import parse_time

if TYPE_CHECKING:
    from energyguard.service.corrections.contract import (
        CorrectionPreview,
        CorrectionView,
        ImportView,
        WantedCorrection,
    )

Why = Annotated[str, typer.Option("--why", help="Why, for the others.")]
NONE_YET = "nothing was corrected: energyguard correct DEVICE --at TIME --value 0.25"
NO_IMPORTS = "no file was imported: energyguard import readings FILE"


def listed(view: CorrectionView) -> dict[str, Any]:
    """A correction as a row."""
    return {
        "id": view.id,
        "holds": view.holds,
        "device": view.device or f"import {view.import_id}",
        "channel": view.channel or None,
        "from": at(view.start_ms) if view.device else None,
        "until": at(view.end_ms) if view.end_ms > view.start_ms + 1 else None,
        "says": f"undo {view.undoes}" if view.undoes else view.value or "wrong",
        "by": view.by,
        "at": at(view.at_ms),
        "why": view.why or None,
        "undone_by": view.undone_by or None,
    }


def correct(
    call: Call,
    device: Annotated[str, typer.Argument(help="Whose readings; not with --undo.")] = "",
    at_: Annotated[str | None, typer.Option("--at", help="The time of the one reading.")] = None,
    from_: Annotated[str | None, typer.Option("--from", help="Of several: from here on.")] = None,
    to: Annotated[str | None, typer.Option("--to", help="Of several: up to before here.")] = None,
    value: Annotated[str, typer.Option("--value", help="What it is, in the channel's unit.")] = "",
    wrong: Annotated[bool, typer.Option("--wrong", help="They count as if never sent.")] = False,
    channel: Annotated[
        str, typer.Option("--channel", help="What they measure.", show_default="its energy")
    ] = "",
    sequence: Annotated[
        int | None, typer.Option("--sequence", help="Of several readings of a time this one.")
    ] = None,
    why: Why = "",
    undo: Annotated[str, typer.Option("--undo", help="Take this correction back.")] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would come of it, and change nothing.")
    ] = False,
    zone: Zone = None,
) -> None:
    """Say that a reading has another value, or that readings are wrong; undo it.

    What was sent is kept, and `corrections` lists who said what. Sums follow within a second.
    """
    if undo:
        if device or at_ or from_ or to or value or wrong or dry_run:
            raise typer.BadParameter("--undo takes a correction back: give nothing but --why")
        _undo(call, undo, why)
        return
    name = zone_of(call, {"zone": zone}, device, at_, from_, to)
    with call.service() as service:
        now_ms = service.clock.now_ms()
        ends = [parse_time(text, now_ms, name) if text else None for text in (at_, from_, to)]
        wanted = _wanted(device, ends, value, wrong)._replace(channel=channel, sequence=sequence)
        seen = service.corrections.preview(wanted)
        view = None if dry_run else service.corrections.put(wanted, getpass.getuser(), why)
    text = _summary(seen, wanted)
    if view is None:
        call.out.done(f"would be: {text}", **_days(seen))
    else:
        call.out.done(f"{view.id}: {text}", **listed(view), **_days(seen))


def _undo(call: Call, correction_id: str, why: str) -> None:
    with call.service() as service:
        view = service.corrections.undo(correction_id, getpass.getuser(), why)
    call.out.done(f"{view.id}: {correction_id} is taken back", **listed(view))


def _wanted(device: str, ends: Sequence[int | None], value: str, wrong: bool) -> WantedCorrection:
    """What the options mean.

    Raises:
        typer.BadParameter: they say too much or too little.
    """
    from energyguard.service.corrections.contract import WantedCorrection

    at_ms, from_ms, to_ms = ends
    is_span = from_ms is not None and to_ms is not None
    start_ms = from_ms if at_ms is None else at_ms
    both = at_ms is not None and (from_ms, to_ms) != (None, None)
    if not device or start_ms is None or both or (at_ms is None and not is_span):
        raise typer.BadParameter("say DEVICE, and --at TIME or --from TIME --to TIME")
    if bool(value) == wrong:
        raise typer.BadParameter("say --value NUMBER, or --wrong")
    return WantedCorrection(device, start_ms, to_ms if is_span else None, value)


def _days(seen: CorrectionPreview) -> dict[str, Any]:
    return {
        "readings": seen.readings,
        "day_from": at(seen.start_ms),
        "day_until": at(seen.end_ms),
        "kwh_before": seen.kwh,
        "kwh_after": seen.would_kwh,
    }


def _summary(seen: CorrectionPreview, wanted: WantedCorrection) -> str:
    """What a correction does, in words."""
    count = f"{seen.readings:,} reading" + ("" if seen.readings == 1 else "s")
    says = wanted.value or "wrong"
    if wanted.value and seen.value is not None:
        says += f" instead of {seen.value:g}"
    text = f"{count} of {wanted.device} ({seen.channel}): {says}"
    if seen.kwh is None or seen.would_kwh is None:
        return text
    return f"{text}; from {at(seen.start_ms)} on {seen.kwh:.3f} kWh become {seen.would_kwh:.3f}"


def corrections(
    call: Call,
    device: Annotated[str, typer.Argument(help="Of this device.", show_default="all")] = "",
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many.")] = 100,
) -> None:
    """List what was said of readings, the newest first: by whom, why, and whether it holds."""
    with call.service() as service:
        found = service.corrections.all(device, limit)
    call.out.rows(map(listed, found), empty=NONE_YET)


def _import(view: ImportView) -> Mapping[str, Any]:
    return {
        "id": view.id,
        "file": view.file,
        "by": view.by,
        "at": at(view.at_ms),
        "readings": view.readings,
        "first": at(view.first_ms),
        "last": at(view.last_ms),
        "undone_by": view.undone_by or None,
    }


def imports(
    call: Call,
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many.")] = 100,
) -> None:
    """List the imports of files, the newest first; `import undo ID` undoes one."""
    with call.service() as service:
        found = service.corrections.imports(limit)
    call.out.rows(map(_import, found), empty=NO_IMPORTS)


def undo(
    call: Call,
    import_id: Annotated[str, typer.Argument(help="As `imports` lists it.")],
    why: Why = "",
) -> None:
    """Let all of an import count as never sent; `correct --undo` of this brings it back."""
    with call.service() as service:
        view = service.corrections.undo_import(import_id, getpass.getuser(), why)
    call.out.done(f"{view.id}: import {import_id} is undone", **listed(view))
