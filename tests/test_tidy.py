"""The rules of the house. Each is one small function; a planted fault must make it fail."""

import ast
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from statistics import median

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "energyguard"

MAX_FILE = 300
MEDIAN_FILE = 160
MAX_FUNCTION = 50
LARGEST_FILE = 500_000
FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "base"}
WALL_CLOCK = {
    "time.time",
    "time.time_ns",
    "datetime.now",
    "datetime.utcnow",
    "datetime.today",
    "date.today",
    "datetime.datetime.now",
    "datetime.datetime.utcnow",
    "datetime.datetime.today",
    "datetime.date.today",
}
WITHOUT_BACKENDS = (
    "alerts", "cli", "codecs", "domains", "intake", "offline", "page", "rules", "simulators",
    "stream",
)  # fmt: skip
BACKENDS = (
    "energyguard.log.sqlite.log",
    "energyguard.history.chdb",
    "energyguard.history.client",
    "energyguard.history.door",
)
FOUNDATION = ("errors", "clock", "telemetry", "limits", "domain", "flow", "topics")
MAY_IMPORT = {
    "model": ("model",),
    "ledger": ("ledger", "model"),
    "detection": ("detection", "ledger", "model"),
    "tariffs": ("tariffs", "model", *FOUNDATION),
    "records": ("records", "model", "errors", "domain", "topics"),
    "codecs": ("codecs", "records", "model", "errors", "domain"),
    "files": ("files", "codecs", "model", "errors", "domain"),
    "dialects": ("dialects", "files", "codecs", "settings", "model", *FOUNDATION),
    "telegrams": ("telegrams", "dialects", "files", "codecs", "settings", "model", *FOUNDATION),
    "mqtt": ("mqtt", "intake", "log", "records", "dialects", "files", "codecs", "processes",
             "durable", "settings", "model", *FOUNDATION),
    "poll": ("poll", "telegrams", "mqtt", "intake", "log", "dialects", "files", "codecs",
             "processes", "durable", "settings", "model", *FOUNDATION),
    "settings": ("settings", "model", *FOUNDATION),
    "durable": ("durable", *FOUNDATION),
    "ports": ("ports", *FOUNDATION),
    "access": ("access", "durable", "model", *FOUNDATION),
    "log": ("log", "durable", "records", "model", "codecs", *FOUNDATION),
    "rules": ("rules", "detection", "ledger", "records", "settings", "model", *FOUNDATION),
    "store": ("store", "durable", "ports", *FOUNDATION),
    "history": ("history", "ledger", "records", "durable", "ports", "model", *FOUNDATION),
    "sinks": ("sinks", "catalogue", "ledger", "pipeline", "processes", "records", "history",
              "store", "log", "durable", "codecs", "stream", "model", "settings", *FOUNDATION),
    "page": ("page", "service", "access", "alerts", "catalogue", "rules", "tariffs", "ports",
             "codecs", "files", "records", "model", "settings", *FOUNDATION),
}  # fmt: skip
"""What a folder may import of ours; a folder that is not named may import anything."""


def sources() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def trees() -> Iterator[tuple[Path, ast.Module]]:
    for path in sources():
        yield path, ast.parse(path.read_text())


def dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def without_docstring(path: Path, tree: ast.Module) -> list[str]:
    return [] if ast.get_docstring(tree) else [f"{path}: no docstring"]


def long_functions(path: Path, tree: ast.Module) -> list[str]:
    return [
        f"{path}:{node.lineno}: {node.name} has {node.end_lineno - node.lineno + 1} lines"
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno is not None
        and node.end_lineno - node.lineno >= MAX_FUNCTION
    ]


def prints(path: Path, tree: ast.Module) -> list[str]:
    if "cli" in path.parts:
        return []
    return [
        f"{path}:{node.lineno}: print"
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and dotted(node.func) == "print"
    ]


def wall_clocks(path: Path, tree: ast.Module) -> list[str]:
    if path.name == "clock.py" and path.parent.name == "energyguard":
        return []
    found = [
        f"{path}:{node.lineno}: {dotted(node)}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and dotted(node) in WALL_CLOCK
    ]
    return found + [
        f"{path}:{node.lineno}: from time import {name.name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "time"
        for name in node.names
        if f"time.{name.name}" in WALL_CLOCK
    ]


def imported(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Every module of ours that a module imports, wherever in it the import stands."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, name.name) for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.lineno, node.module
            yield from ((node.lineno, f"{node.module}.{name.name}") for name in node.names)


def modules() -> dict[str, set[str]]:
    """Every module of ours, and the modules of ours that it imports, wherever in it they stand."""
    named = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
        for path in sources()
    }
    found: dict[str, set[str]] = {}
    for name, path in named.items():
        found[name] = set()
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module in named:
                of = (f"{node.module}.{one.name}" for one in node.names)
                found[name] |= {one if one in named else node.module for one in of} - {name}
            elif isinstance(node, ast.ImportFrom) and node.module:  # a folder without a module
                found[name] |= {f"{node.module}.{one.name}" for one in node.names} & named.keys()
    return found


def folders(graph: dict[str, set[str]]) -> dict[str, set[str]]:
    """The folders of the package, and those that their modules import."""

    def folder(module: str) -> str:
        return ".".join(module.split(".")[:2])

    found: dict[str, set[str]] = {}
    for module, others in graph.items():
        found.setdefault(folder(module), set()).update(map(folder, others))
    return {name: others - {name, "energyguard"} for name, others in found.items()}


def cycles(graph: dict[str, set[str]]) -> list[str]:
    """Those that reach themselves."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def test_nothing_imports_itself_by_a_detour() -> None:
    graph = modules()
    assert cycles(folders(graph)) == []
    assert cycles(graph) == []
    assert cycles({"a": {"b"}, "b": {"c"}, "c": {"a"}}) != []


def wrong_imports(path: Path, tree: ast.Module) -> list[str]:
    """The folders' import rule: who may know whom."""
    folder = path.relative_to(PACKAGE).parts[0]
    found = []
    for line, module in imported(tree):
        if not module.startswith("energyguard."):
            continue
        part = module.split(".")[1]
        if part == "__version__":
            continue
        allowed = MAY_IMPORT.get(folder)
        if allowed is not None and part not in allowed:
            found.append(f"{path}:{line}: {folder} may not import {module}")
        elif part == "domains" and folder != "domains":
            found.append(f"{path}:{line}: only references lead to {module}")
        elif module.startswith(BACKENDS) and folder in WITHOUT_BACKENDS:
            found.append(f"{path}:{line}: {folder} reaches the backend {module}")
    return found


Rule = Callable[[Path, ast.Module], list[str]]
RULES: tuple[Rule, ...] = (
    without_docstring,
    long_functions,
    prints,
    wall_clocks,
    wrong_imports,
)

PLANTED: tuple[tuple[Rule, str, str], ...] = (
    (without_docstring, "model/x.py", "x = 1"),
    (long_functions, "model/x.py", "def f():\n" + "    x = 1\n" * 50),
    (prints, "log/x.py", "print('hello')"),
    (wall_clocks, "log/x.py", "import time\nt = time.time()"),
    (wall_clocks, "log/x.py", "from time import time_ns"),
    (wall_clocks, "stream/time/clock.py", "from datetime import datetime\nt = datetime.now()"),
    (wrong_imports, "model/x.py", "from energyguard.errors import Conflict"),
    (wrong_imports, "log/x.py", "import energyguard.stream"),
    (wrong_imports, "stream/x.py", "from energyguard.log.sqlite.log import SqliteLog"),
    (wrong_imports, "pipeline.py", "from energyguard.domains.charging.topics import SIGNALS"),
    (wrong_imports, "cli/x.py", "def f():\n    from energyguard.domains import charging"),
    (wrong_imports, "cli/x.py", "def f():\n    from energyguard.log.sqlite import log"),
)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_rule_holds(rule: Rule) -> None:
    assert [fault for path, tree in trees() for fault in rule(path, tree)] == []


@pytest.mark.parametrize(("rule", "place", "text"), PLANTED)
def test_planted_fault_is_found(rule: Rule, place: str, text: str) -> None:
    assert rule(PACKAGE / place, ast.parse(text)) != []


def test_front_doors_may_name_their_own_backends() -> None:
    tree = ast.parse("from energyguard.log.sqlite.log import SqliteLog")
    assert wrong_imports(PACKAGE / "log/__init__.py", tree) == []
    assert wrong_imports(PACKAGE / "node.py", tree) == []


DOCUMENTED = {"AlertBody", "History", "Refused", "Service", "Version"}
"""Names in the OpenAPI documents of two doors, which older clients may have code for."""


def classes() -> dict[str, list[str]]:
    """Where each public class is defined."""
    found: dict[str, list[str]] = {}
    for path, tree in trees():
        for node in tree.body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                found.setdefault(node.name, []).append(str(path.relative_to(PACKAGE)))
    return found


def test_a_class_has_a_name_of_its_own() -> None:
    twice = {name: where for name, where in classes().items() if len(where) > 1}
    assert {name: where for name, where in twice.items() if name not in DOCUMENTED} == {}
    assert set(twice) >= DOCUMENTED, "a name that is no longer there twice"


RIDDLES = {"told", "said", "asked", "heard", "most", "least", "thing", "stuff"}
"""Words that say nothing of what has the name."""
OUTER_NAMES = {
    "compat/measurements/nodes.py: Told": "a component of the stores' doors' OpenAPI documents",
    "service/views.py: heard_ms": "a field of the overview's answer over REST",
}
"""Names that have such a word outside, so that they stay; and where they are seen."""


def names(tree: ast.Module) -> Iterator[str]:
    """The names that a module gives: of functions, classes, parameters, variables, fields."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr


def riddles(path: Path, tree: ast.Module) -> list[str]:
    """Names of which one of those words is a part; loops that call what they go through ``one``."""
    parts = {name: re.split(r"_|(?<=[a-z])(?=[A-Z])", name) for name in names(tree)}
    found = [name for name, words in parts.items() if RIDDLES & {word.lower() for word in words}]
    loops = (ast.For, ast.AsyncFor, ast.comprehension)
    targets = [node.target for node in ast.walk(tree) if isinstance(node, loops)]
    found += [t.id for t in targets if isinstance(t, ast.Name) and t.id == "one"]
    return [f"{path.relative_to(PACKAGE)}: {name}" for name in found]


def test_names_say_what_they_are_of() -> None:
    found = {name for path, tree in trees() for name in riddles(path, tree)}
    assert found == OUTER_NAMES.keys()


@pytest.mark.parametrize(
    "text", ["told = 1", "def f(most_ms): ...", "class Heard: ...", "[one for one in x]"]
)
def test_a_name_that_says_nothing_is_found(text: str) -> None:
    assert riddles(PACKAGE / "x.py", ast.parse(text)) != []


def long_files(lengths: dict[str, int]) -> list[str]:
    return [f"{name} has {n} lines" for name, n in lengths.items() if n > MAX_FILE]


def test_files_are_short() -> None:
    lengths = {str(p): len(p.read_text().splitlines()) for p in sources()}
    assert long_files(lengths) == []
    assert median(lengths.values()) <= MEDIAN_FILE
    assert long_files({"planted": 301}) != []


def without_mirror(tests: Path) -> list[str]:
    """Folders of the package whose tests have no folder of the same name."""
    folders = {
        path.parts[0] for path in (p.relative_to(PACKAGE) for p in sources()) if path.parts[1:]
    }
    return sorted(name for name in folders if not [*(tests / name).rglob("test_*.py")])


def test_every_folder_has_its_tests_in_one_of_the_same_name(tmp_path: Path) -> None:
    assert without_mirror(ROOT / "tests") == []
    assert "log" in without_mirror(tmp_path)


def forbidden_names(paths: list[Path]) -> list[Path]:
    return [p for p in paths if FORBIDDEN_NAMES & {p.stem, p.parent.name}]


def test_no_dumping_grounds() -> None:
    assert forbidden_names(sources()) == []
    assert forbidden_names([Path("energyguard/log/utils.py")]) != []


def committed() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).exists()]


def test_no_large_files() -> None:
    assert [p for p in committed() if p.stat().st_size > LARGEST_FILE] == []


def addresses(lock: str) -> list[str]:
    """Lines of a lock file that say where packages come from: that is the installer's business."""
    return re.findall(r"^.*(?:://|--index-url|--find-links|--extra-index).*$", lock, re.MULTILINE)


@pytest.mark.parametrize("name", sorted(path.name for path in ROOT.glob("*.lock")))
def test_locks_name_no_host(name: str) -> None:
    text = (ROOT / name).read_text()
    assert addresses(text) == []
    assert "--hash=sha256:" in text
    assert addresses("--index-url https://example.org/simple") != []


def test_package_imports_nothing_heavy_to_say_its_version() -> None:
    script = (
        "import sys, energyguard.cli.commands\n"
        "heavy = {'pyarrow', 'numpy', 'nicegui', 'chdb', 'fastapi', 'apsw', 'httpx'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT)
    assert found.stdout.strip() == "[]", found.stdout + found.stderr
