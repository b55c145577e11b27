"""``rules list|show|use|set``, ``check rules`` and ``check scenarios``: what is abnormal."""

from __future__ import annotations

import getpass
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from energyguard.cli.call import Call, command, group
from energyguard.errors import ConfigError
from energyguard.model.duration import spell_duration
from energyguard.model.fixed import from_nano

if TYPE_CHECKING:
    from energyguard.rules.rule import Rule

RuleId = Annotated[str, typer.Argument(help="The rule's id.")]


def listed(rule: Rule, active: bool) -> dict[str, Any]:
    """A rule as a row."""
    return {
        "id": rule.id,
        "runs": active,
        "severity": rule.severity.value,
        "window": spell_duration(rule.window_ms),
        "slide": spell_duration(rule.slide_ms),
        "raise_above": from_nano(rule.raise_above),
        "clear_at": from_nano(rule.clear_at),
        "unit": rule.unit,
        "dwell": spell_duration(rule.dwell_ms) if rule.dwell_ms else None,
        "channels": list(rule.channels),
        "about": rule.about,
    }


def show_list(call: Call) -> None:
    """List every rule, and which of them run."""
    from energyguard.node import open_service

    with open_service(call.settings) as service:
        running = {rule.id for rule in service.rules.active()}
        call.out.rows([listed(rule, rule.id in running) for rule in service.rules.all()])


def show(call: Call, rule_id: RuleId) -> None:
    """Show a rule."""
    from energyguard.node import open_service

    with open_service(call.settings) as service:
        rule = service.rules.get(rule_id)
        call.out.record(listed(rule, rule in service.rules.active()))


def use(
    call: Call,
    ids: Annotated[list[str], typer.Argument(help="The rules that shall run, and no others.")],
) -> None:
    """Run these rules and no others, at once; nothing has to be cleared."""
    from energyguard.node import open_service

    with open_service(call.settings) as service:
        running = service.use_rules(ids, by=getpass.getuser())
    names = [rule.id for rule in running]
    call.out.done(f"runs now: {', '.join(names)}", runs=names)


def set_(
    call: Call,
    rule_id: RuleId,
    changes: Annotated[
        list[str], typer.Argument(help="raise_above=1.5 clear_at=1.2 dwell=2m window=15m slide=15s")
    ],
) -> None:
    """Change a rule while it runs: a level keeps the state, a window starts warm from the log."""
    from energyguard.node import open_service

    wrong = [text for text in changes if "=" not in text]
    if wrong:
        raise ConfigError(*(f"{text}: write it as name=value" for text in wrong))
    fields: dict[str, Any] = dict(text.split("=", 1) for text in changes)
    with open_service(call.settings) as service:
        rule = service.change_rule(rule_id, by=getpass.getuser(), **fields)
        row = listed(rule, rule.id in {one.id for one in service.rules.active()})
    call.out.done(f"{rule_id}: {rule.text}", **row)


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


def register(app: typer.Typer) -> None:
    """Add the commands."""
    verbs = group("Rules: what is abnormal.")
    command(verbs, "list")(show_list)
    command(verbs, "show")(show)
    command(verbs, "use")(use)
    command(verbs, "set")(set_)
    app.add_typer(verbs, name="rules")
    checks = group("Check files without running anything.")
    command(checks, "rules")(check_rules)
    command(checks, "scenarios")(check_scenarios)
    app.add_typer(checks, name="check")
