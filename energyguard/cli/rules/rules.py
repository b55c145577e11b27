"""``rules list|show|use|set|reset|undo|add|remove|waits``, ``check rules``: what is abnormal."""

from __future__ import annotations

import getpass
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from energyguard.cli.terminal.call import Call
from energyguard.cli.terminal.output import at
from energyguard.errors import ConfigError, Unavailable
from energyguard.model.catalogue import key_meant

if TYPE_CHECKING:
    from energyguard.rules.rule import Rule
    from energyguard.service.contract import Service

RuleId = Annotated[str, typer.Argument(help="The rule's id.")]
Device = Annotated[str, typer.Option("--device", help="Only for this device.")]


def listed(rule: Rule, active: bool) -> dict[str, Any]:
    """A rule as a row."""
    written = rule.written()
    return {
        "id": rule.id,
        "runs": active,
        "severity": rule.severity.value,
        **{name: written.get(name) for name in ("window", "slide", "raise_above", "clear_at")},
        "unit": rule.unit,
        "dwell": written.get("dwell"),
        "channels": list(getattr(rule, "channels", ())),
        "about": rule.about or rule.summary,
    }


def shown(rule: Rule, active: bool) -> dict[str, Any]:
    """A rule with all its fields; of the first kind, which has no others, as it was."""
    from energyguard.rules.kinds import DEFAULT

    row = listed(rule, active)
    more: dict[str, Any] = {name: text for name, text in rule.written().items() if name not in row}
    devices = {device: dict(fields) for device, fields in getattr(rule, "overrides", {}).items()}
    more |= {"devices": devices} if devices else {}
    selector = getattr(rule, "selector", None)
    more |= {"selector": selector} if selector else {}
    return row | ({"kind": rule.kind, **more} if more or rule.kind != DEFAULT else {})


def list_(call: Call) -> None:
    """List every rule, and which of them run."""
    with call.service() as service:
        running = {rule.id for rule in service.rules.active()}
        row = shown if call.out.as_json else listed
        call.out.rows([row(rule, rule.id in running) for rule in service.rules.all()])


def show(call: Call, rule_id: RuleId) -> None:
    """Show a rule, and who changed it last, everywhere or for a device."""
    with call.service() as service:
        rule = service.rules.get(rule_id)
        changes = [
            {"device": device, "by": edit.by, "at": at(edit.at_ms)}
            for device, edit in service.rules.edits(rule_id).items()
        ]
        history = [
            {"at": at(row.at_ms), "by": row.by, "device": row.device or None, "what": row.what}
            for row in service.rules.history(rule_id)
        ]
        row = shown(rule, rule in service.rules.active())
        row |= _got(service, rule) | _budgets(service, rule)
        row |= {"changes": changes} if changes else {}
        call.out.record(row | ({"history": history} if history else {}))


def _got(service: Service, rule: Rule) -> dict[str, Any]:
    """How many alerts of a rule that runs there were in the last four weeks, where it is known."""
    from energyguard.service.alerts.alerts_got import alerts_got

    try:
        got = alerts_got(service).get(rule.id)
    except Unavailable:
        return {}
    if got is None:
        return {}
    rate = got.a_device_week
    of_week = {} if rate is None else {"alerts_a_device_week": round(rate, 4)}
    return {"alerts_in_4_weeks": got.alerts, **of_week}


def _budgets(service: Service, rule: Rule) -> dict[str, Any]:
    """Of a rule about unusual use: alerts of twelve weeks, by how many people would want to see."""
    from energyguard.service.alerts.budgets import BUDGETS, recorded_weeks

    try:
        found = recorded_weeks(service, rule.id)
    except (ConfigError, Unavailable):
        return {}
    rows = [of for of in (found.budget(wanted) for wanted in BUDGETS) if of.recorded]
    counts = {f"{of.wanted:g}": sum(week.would_be for week in of.weeks) for of in rows}
    return {"alerts_in_12_weeks_at": ", ".join(f"{wanted}: {n}" for wanted, n in counts.items())}


def use(
    call: Call,
    ids: Annotated[list[str], typer.Argument(help="The rules that shall run, and no others.")],
) -> None:
    """Run these rules and no others, at once; nothing has to be cleared."""
    with call.service() as service:
        running = service.use_rules(ids, by=getpass.getuser())
    names = [rule.id for rule in running]
    call.out.done(f"runs now: {', '.join(names)}", runs=names)


def set_(
    call: Call,
    rule_id: RuleId,
    changes: Annotated[
        list[str],
        typer.Argument(help="raise_above=1.5 dwell=2m severity=critical selector=site=home …"),
    ],
    device: Device = "",
) -> None:
    """Change a rule while it runs: a level keeps the state, a window starts warm from the log."""
    wrong = [text for text in changes if "=" not in text]
    if wrong:
        raise ConfigError(*(f"{text}: write it as name=value" for text in wrong))
    fields: dict[str, Any] = dict(text.split("=", 1) for text in changes)
    with call.service() as service:
        rule = service.change_rule(rule_id, by=getpass.getuser(), device=device, **fields)
        row = shown(rule, rule in service.rules.active())
    call.out.done(_done(rule, device), **row)


def reset(call: Call, rule_id: RuleId, device: Device = "") -> None:
    """Give a rule the levels of its file again on every device, or one device those of all."""
    with call.service() as service:
        rule = service.reset_rule(rule_id, by=getpass.getuser(), device=device)
        row = shown(rule, rule in service.rules.active())
    call.out.done(_done(rule, device), **row)


def undo(call: Call, rule_id: RuleId, device: Device = "") -> None:
    """Take back the last change of a rule, or the last one of a device; `rules show` has them."""
    with call.service() as service:
        rule = service.undo_rule(rule_id, by=getpass.getuser(), device=device)
        row = shown(rule, rule in service.rules.active())
    call.out.done(_done(rule, device), **row)


def add(
    call: Call, file: Annotated[Path, typer.Argument(help="A rule file (TOML); `-` is stdin.")]
) -> None:
    """Let the rules of a file run, at once: for a site, a group, a device."""
    if str(file) == "-":
        text = sys.stdin.read()
    else:
        from energyguard.settings.toml import read_toml

        text, _ = read_toml(file)
    with call.service() as service:
        names = [rule.id for rule in service.add_rules(text, by=getpass.getuser())]
    call.out.done(f"runs now: {', '.join(names)}", runs=names)


def remove(call: Call, rule_id: RuleId) -> None:
    """Take out a rule that was added; its open alerts end."""
    with call.service() as service:
        service.remove_rule(rule_id, by=getpass.getuser())
    call.out.done(f"{rule_id}: removed", id=rule_id)


def _done(rule: Rule, device: str) -> str:
    of = f" for {device}" if device else ""
    return f"{rule.id}{of}: {rule.of(device).text}"


def waits(
    call: Call,
    of: Annotated[
        str,
        typer.Argument(help="A virtual device, site/ID or group/ID.", show_default="every sum"),
    ] = "",
) -> None:
    """Show what rules about sums wait for: the part that is late, how late, and until when.

    A window of a sum is known when each part has closed it. Times are those of the readings.
    """
    key = key_meant(of)
    with call.service() as service:
        found = service.late_sums.of(key)
    call.out.rows(
        [
            {
                "of": late.of,
                "rule": late.rule,
                "waits_for": late.waits_for,
                "known": at(late.known_ms),
                "behind_s": None if late.behind_ms is None else late.behind_ms // 1000,
                "until": at(late.until_ms),
            }
            for late in found
        ],
        empty="no sum waits for a part that is late",
    )


VERBS = (list_, show, use, set_, reset, undo, add, remove, waits)


def check_rules(
    call: Call,
    files: Annotated[list[Path], typer.Argument(help="Rule files (TOML).")],
) -> None:
    """Check rule files: every fault with its line and reason; nothing is changed."""
    from energyguard.rules.toml import read_rules

    rules: list[Rule] = []
    faults: list[str] = []
    for path in files:
        try:
            rules += read_rules(path)
        except ConfigError as error:
            faults += error.faults
    if faults:
        raise ConfigError(*faults)
    names = [rule.id for rule in rules]
    call.out.done(f"{len(names)} rules, no faults: {', '.join(names)}", rules=names)


def check_scenarios(
    call: Call,
    files: Annotated[list[Path], typer.Argument(help="Scenarios (docs/scenarios.md).")],
) -> None:
    """Play scenarios: what devices send, and what your rules must say to it; nothing is kept.

    Every expectation that is not met is shown with its line, and the exit code is 1.
    """
    from energyguard.testing import play_scenario, read_scenario

    own = call.settings.rules.files
    failures = [text for path in files for text in play_scenario(read_scenario(path), own)]
    for failure in failures:
        print(failure, file=sys.stderr)
    if failures:
        raise typer.Exit(1)
    call.out.done(f"{len(files)} scenarios, every expectation met", scenarios=len(files))
