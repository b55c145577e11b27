"""Write the pages of ``WRITTEN`` from the code: ``make docs``. A test compares them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

from energyguard.cli.commands import command
from energyguard.cli.run.settings import value_of
from energyguard.codecs.dialect import Dialect
from energyguard.codecs.headers import known
from energyguard.domains.charging.model import SignalKind
from energyguard.domains.charging.sessions.bays import TRANSITIONS
from energyguard.files.formats import FileFormat
from energyguard.files.formats import formats as file_formats
from energyguard.history.query import Query, queries
from energyguard.records.registry import RECORDS, TABLES
from energyguard.records.schemas import page
from energyguard.settings.tree import Settings, fields

HERE = Path(__file__).parent

SETTINGS = """\
# Settings

Every setting has a default; nothing has to be set. They are put together in layers, each over the
one before: the defaults below, `energyguard.toml` (in the current folder, or where
`ENERGYGUARD_CONFIG` says), system C's own variables, `ENERGYGUARD_…` variables, and `--set` (or an
option of a command). All faults are told at once, each with its place.

```toml
data_dir = "/var/lib/energyguard"

[serve]
port = 8500
```

`ENERGYGUARD_SERVE_PORT=8500` (or `ENERGYGUARD_SERVE__PORT`) and `--set serve.port=8500` say the
same. A setting that holds several takes them with commas. `energyguard config show --origin` says
what holds and where it came from. Durations are written `15s`, `15 minutes` or `PT15M`.

"""

CLI = """\
# Command line

Written by `make docs` from the commands themselves. `--json`, `--data-dir`, `--set` and `--debug`
are understood by every command. Answers go to stdout, everything else to stderr. An error is one
line, `energyguard: place: reason`, and an exit code of [this table](operations.md#exit-codes).
"""


CHARGING = """\
# A charger's states

Written by `make docs` from `TRANSITIONS` in `energyguard/domains/charging/sessions/bays.py`. What a
signal does that is not in the table: nothing; it is counted as ignored. Steps that begin with
`lost` infer a signal that never came; the stay says so in its quality.

"""


def charging() -> str:
    """The text of docs/charging-states.md."""
    arrows, rows = [], []
    for (state, event), (after, steps) in TRANSITIONS.items():
        words = [step.__name__.replace("_", " ") for step in steps]
        if words == ["ignore"]:
            continue
        name = event if isinstance(event, str) else event.name
        rows.append(f"| {state.value} | {name} | {after.value} | {', '.join(words)} |")
        inferred = any(word.startswith(("lost", "appear")) for word in words)
        if not inferred and isinstance(event, SignalKind):
            arrows.append(f"  {state.value} --> {after.value}: {name}")
    drawing = "\n".join(["```mermaid", "stateDiagram-v2", *arrows, "```", ""])
    table = "\n".join(["| state | signal | state after | steps |", "|---|---|---|---|", *rows])
    return f"{CHARGING}{drawing}\n{table}\n"


def settings() -> str:
    """The text of docs/settings.md."""
    defaults = Settings()
    rows = []
    for name, field in fields():
        value = value_of(defaults, name)
        spelled = ",".join(map(str, value)) if isinstance(value, tuple) else value
        shown = f"`{spelled}`" if str(spelled or "") or value in (0, False) else ""
        rows.append(f"| `{name}` | {'' if value is None else shown} | {field.description} |")
    return SETTINGS + "\n".join(["| setting | default | what |", "|---|---|---|", *rows]) + "\n"


def commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every command that does something, as words."""
    for name, verb in getattr(command, "commands", {}).items():
        if getattr(verb, "commands", None):
            if verb.invoke_without_command:
                yield (*path, name)
            yield from commands(verb, (*path, name))
        else:
            yield (*path, name)


def cli() -> str:
    """The text of docs/cli.md."""
    parts = [CLI]
    for words in commands(command()):
        with redirect_stdout(StringIO()) as said:
            command()(
                [*words, "--help"],
                prog_name="energyguard",
                terminal_width=96,
                color=False,
                standalone_mode=False,
            )
        name = "energyguard " + " ".join(words)
        text = "\n".join(line.rstrip() for line in said.getvalue().strip().splitlines())
        parts.append(f"## {name}\n\n```text\n{text}\n```\n")
    return "\n".join(parts)


RECORDS_HEAD = """\
## Records by topic

Written by `make docs` from `energyguard/records/`, where each topic's records are declared once.
`energyguard schema TOPIC` gives the same as JSON Schema, or as columns of Flink, Spark, ClickHouse.
"""
TABLES_HEAD = """\
-- The raw tables of the history, as the embedded one has them: written by `make docs` from
-- energyguard/records/. People stand in them under pseudonyms (20-people.sql).
"""


QUERIES_HEAD = """\
## The questions

Written by `make docs` from the headers of `history/queries/*.sql` and `domains/*/queries/*.sql`,
from which their routes under `/api/v1`, their commands and their row types are made, too. Times in
and out are UTC; ranges are half-open. `kwh` comes from the roll-ups, for every channel kind.

| name | what | parameters | columns | route | command |
|---|---|---|---|---|---|
"""


def architecture() -> str:
    """The text of docs/architecture.md: what is written by hand, and a row for each query."""
    by_hand = (HERE / "architecture.md").read_text().partition(QUERIES_HEAD.splitlines()[0])[0]
    return by_hand + QUERIES_HEAD + "".join(map(query_row, queries().values()))


def query_row(query: Query) -> str:
    """A row of the table of queries."""
    columns = ", ".join(
        column.name + (f" ({column.unit})" if column.unit else "") for column in query.columns
    )
    _, route = query.header.get("rest", " ").partition(": ")[0].split(" ")
    verb = query.header.get("cli", "").partition(": ")[0]
    cells = (
        f"`{query.name}`", query.header["question"].replace("|", "/"), ", ".join(query.parameters),
        columns, f"`{route}`" if route else "", f"`energyguard {verb}`" if verb else "",
    )  # fmt: skip
    return f"| {' | '.join(cells)} |\n"


FILES_HEAD = """\
## Formats of files with a name

Written by `make docs` from `energyguard/files/named/`, a file each; `--as NAME` says one, where a
file is not recognised. The example of each is read in a test. Any other table is found out.

| name | what | becomes | not read | described by |
|---|---|---|---|---|
"""


DIALECTS_HEAD = """## Dialects over HTTP

Written by `make docs` from the registry of dialects. Each is spoken on the port of the page, with a
token of the role `write`; its page has an example that a test runs, and what is not taken.

| dialect | who speaks it | routes | key in the address |
|---|---|---|---|
"""


def dialect_row(dialect: Dialect) -> str:
    """A row of the table of dialects; empty: it is not spoken over HTTP."""
    if (spoken := dialect.http) is None:
        return ""
    routes = ", ".join(f"`{route.method} {route.path}`" for route in spoken.routes)
    keys = [f"`{key}=`" for key in spoken.query_keys] + ["in the path"] * bool(spoken.path_key)
    page = f"[{spoken.title}](dialects/{dialect.name}.md)"
    return f"| {page} | {spoken.senders} | {routes} | {', '.join(keys)} |\n"


def file_row(file_format: FileFormat) -> str:
    """A row of the table of formats of files."""
    cells = (
        f"`{file_format.name}`", file_format.title, file_format.becomes, file_format.left_out,
        file_format.source,
    )  # fmt: skip
    return f"| {' | '.join(cells)} |\n"


def formats() -> str:
    """The text of docs/formats.md: what is written by hand, the files, a section for each topic."""
    by_hand = (HERE / "formats.md").read_text().partition(FILES_HEAD.splitlines()[0])[0]
    by_hand = by_hand.partition(RECORDS_HEAD.splitlines()[0])[0]
    by_hand = by_hand.partition(DIALECTS_HEAD.splitlines()[0])[0]
    dialects = DIALECTS_HEAD + "".join(map(dialect_row, known().all)) + "\n"
    files = FILES_HEAD + "".join(map(file_row, file_formats().values())) + "\n"
    return by_hand + dialects + files + "\n".join([RECORDS_HEAD, *map(page, RECORDS.values())])


def tables() -> str:
    """The text of what makes the raw tables on a ClickHouse server."""
    return "\n".join([TABLES_HEAD, *(table.ddl for table in TABLES.values())])


WRITTEN: Mapping[str, Callable[[], str]] = {
    "settings.md": settings,
    "cli.md": cli,
    "charging-states.md": charging,
    "formats.md": formats,
    "architecture.md": architecture,
    "../deploy/clickhouse/docker-entrypoint-initdb.d/10-tables.sql": tables,
}

if __name__ == "__main__":
    for name, text in WRITTEN.items():
        (HERE / name).write_text(text())
        print(HERE / name)
