"""pyarrow without pandas: what the processes of this product do before they make an array.

pyarrow looks for pandas when it makes its first array from a sequence, and loads it where it is
installed. chdb has it installed, nothing here uses it, and loading takes longer than all other
modules of a role together, and takes 30 MB of memory in each of its processes.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType


class _Refused(MetaPathFinder):
    """Says that there is no pandas."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> None:
        """Refuse pandas.

        Raises:
            ModuleNotFoundError: it is what is looked for.
        """
        if name == "pandas":
            raise ModuleNotFoundError("pyarrow goes without pandas here", name=name)


class _Arrow(MetaPathFinder):
    """Loads pyarrow, and has it look for pandas at once, in vain: it never looks again."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The module pyarrow as it is, with one array made after it was loaded."""
        if name != "pyarrow":
            return None
        sys.meta_path.remove(self)
        spec = PathFinder.find_spec(name, path, target)
        if spec is None or spec.loader is None or "pandas" in sys.modules:
            return spec
        load = spec.loader.exec_module

        def load_and_look(module: ModuleType) -> None:
            load(module)
            refused = _Refused()
            sys.meta_path.insert(0, refused)
            try:
                module.array([0])
            finally:
                sys.meta_path.remove(refused)

        spec.loader.exec_module = load_and_look  # type: ignore[method-assign]
        return spec


def go_without_pandas() -> None:
    """Have pyarrow, when it is loaded in this process, go without pandas.

    pandas itself can be imported as ever, by a domain that needs it; only its way from and to
    Arrow is closed. Where pandas or pyarrow is loaded already, nothing changes.
    """
    if "pyarrow" not in sys.modules:
        sys.meta_path.insert(0, _Arrow())
