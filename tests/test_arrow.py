"""What a process of the product does without: pandas, which takes longer than the rest to load."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROLE = """
import sys
from energyguard.__main__ import main
sys.argv = ["energyguard", "evaluate", "--rule", "household-prod", "readings.csv"]
assert main() == 0
assert "pyarrow" in sys.modules
print("pandas" in sys.modules)
import pandas, pyarrow  # a domain may still have it
print(pandas.Series([1]).sum(), pyarrow.array([1, None]).null_count)
"""


def test_a_command_makes_arrays_without_pandas_and_a_domain_may_still_load_it(
    tmp_path: Path,
) -> None:
    readings = tmp_path / "readings.csv"
    readings.write_text("timestamp,household_id,energy_kwh\n2025-09-06T17:00:00Z,H001,0.05\n")
    done = subprocess.run(
        [sys.executable, "-c", ROLE], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-2:] == ["False", "1 1"]
