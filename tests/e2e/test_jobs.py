"""What people come for has its test in a browser, by the table of docs/page.md."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
JOBS = 22


def test_each_job_of_the_page_has_its_test() -> None:
    named = re.findall(r"`(tests/e2e/\w+\.py)::(\w+)`", (ROOT / "docs/page.md").read_text("utf-8"))
    assert len(named) == JOBS
    gone = [name for path, name in named if f"def {name}(" not in (ROOT / path).read_text("utf-8")]
    assert gone == []
