"""The documents say what is so: settings, commands, metrics, errors, links, folders."""

import os
import re
import runpy
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from energyguard import errors
from energyguard.cli.commands import command
from energyguard.telemetry import TABLE

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
GENERATE = runpy.run_path(str(DOCS / "generate.py"))
PAGES = [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]
COMMANDS = {" ".join(words) for words in GENERATE["commands"](command())}


@pytest.mark.parametrize("name", GENERATE["WRITTEN"])
def test_generated_page_is_fresh(name: str) -> None:
    assert (DOCS / name).read_text() == GENERATE["WRITTEN"][name](), "run `make docs`"


def test_every_metric_has_its_row() -> None:
    text = (DOCS / "operations.md").read_text()
    for metric in TABLE:
        labels = ", ".join(f"`{name}`" for name in metric.labels)
        assert f"| `{metric.name}` | {metric.kind} | {labels} | {metric.about} |" in text


def every_error() -> list[type[errors.EnergyGuardError]]:
    return [
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, errors.EnergyGuardError)
    ]


@pytest.mark.parametrize("kind", every_error())
def test_every_error_has_its_row(kind: type[errors.EnergyGuardError]) -> None:
    rows = [
        row
        for row in (DOCS / "operations.md").read_text().splitlines()
        if row.startswith(f"| {kind.exit_code} | `{kind.__name__}` |")
    ]
    assert len(rows) == 1
    assert f"(HTTP {kind.status})" in rows[0]
    assert kind.__name__ in (errors.__doc__ or "")


def broken_links(page: Path, text: str) -> list[str]:
    found = []
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        place, _, anchor = target.partition("#")
        if "://" in target:
            continue
        file = (page.parent / place).resolve() if place else page
        if not file.exists():
            found.append(f"{page.name}: {target}")
        elif anchor and anchor not in headings(file):
            found.append(f"{page.name}: {target}: no such heading")
    return found


def headings(page: Path) -> set[str]:
    """The anchors of a page, as they are made of its headings."""
    found = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", text.lower()).replace(" ", "-") for text in found}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    assert broken_links(page, page.read_text()) == []


def test_a_broken_link_is_found() -> None:
    page = DOCS / "operations.md"
    assert broken_links(page, "[x](nowhere.md) [y](#no-such-heading)") == [
        "operations.md: nowhere.md",
        "operations.md: #no-such-heading: no such heading",
    ]


def unknown_commands(text: str) -> list[str]:
    """Commands in code that the program does not have."""
    spans = re.findall(r"`(energyguard [^`\n]+)`", text)
    blocks = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
    for line in "\n".join(blocks).splitlines():
        found = re.search(r"(?:^|/|\s)(energyguard .*)", line)
        spans += [found[1]] if found else []
    wrong = []
    for span in spans:
        words = [word for word in span.split("#")[0].split()[1:] if not word.startswith("-")]
        known = [" ".join(words[:n]) in COMMANDS for n in (1, 2)]
        options = "|" in span or "," in span or "…" in span
        group = words and any(name.startswith(f"{words[0]} ") for name in COMMANDS)
        if words and not any(known) and not (options and group):
            wrong.append(span)
    return wrong


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_is_real(page: Path) -> None:
    assert unknown_commands(page.read_text()) == []


def test_a_command_that_is_not_real_is_found() -> None:
    assert unknown_commands("see `energyguard frobnicate all`") == ["energyguard frobnicate all"]
    assert unknown_commands("see `energyguard dlq vanish`") == ["energyguard dlq vanish"]


def test_architecture_names_every_folder() -> None:
    text = (DOCS / "architecture.md").read_text()
    folders = {path.parent.name for path in (ROOT / "energyguard").glob("*/__init__.py")}
    assert [name for name in sorted(folders) if f"| `{name}/` |" not in text] == []


def test_readme_is_one_screen() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= 60


def test_readme_begins_with_two_commands_that_make_has() -> None:
    (block,) = re.findall(r"```sh\n(make run.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    targets = [shlex.split(line, comments=True) for line in block.splitlines()]
    assert targets == [["make", "run"], ["make", "test"]]
    for words in targets:
        dry = subprocess.run([*words, "--dry-run"], cwd=ROOT, capture_output=True, text=True)
        assert dry.returncode == 0, dry.stderr


@pytest.mark.slow
def test_readme_s_commands_work_in_a_fresh_clone(tmp_path: Path) -> None:
    """Clone, install, and the program answers: all that `make run` and `make test` do first."""
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
    environ = {k: v for k, v in os.environ.items() if k not in ("VIRTUAL_ENV", "PYTHONPATH")}
    subprocess.run(["make", "dev"], cwd=clone, env=environ, check=True)
    assert subprocess.run(["make", "-q", "install"], cwd=clone, env=environ).returncode == 0
    said = subprocess.run(
        [clone / ".venv/bin/energyguard", "version"],
        cwd=clone,
        env=environ,
        check=True,
        capture_output=True,
        text=True,
    )
    assert said.stdout.startswith("energyguard ")
    python = clone / ".venv/bin/python"
    subprocess.run([python, "-m", "pytest", "-q", "tests/test_tidy.py"], cwd=clone, check=True)


@pytest.mark.slow  # it asks every command for its help once more
def test_generated_pages_do_not_depend_on_the_terminal() -> None:
    script = "import runpy, sys; sys.stdout.write(runpy.run_path('docs/generate.py')['cli']())"
    narrow = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "50"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert narrow.stdout == GENERATE["cli"]()
