"""Look at the meters of many seeds.

python -m tests.simulation.ragged --seeds 500
python -m tests.simulation.ragged --first 117 --seeds 1
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.simulation.ragged.checks import faults


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seeds", type=int, default=100)
    wanted = parser.parse_args()
    failed = 0
    for seed in range(wanted.first, wanted.first + wanted.seeds):
        with TemporaryDirectory() as folder:
            if found := faults(seed, Path(folder)):
                failed += 1
                sys.stdout.write("\n".join([f"seed {seed}:", *found, ""]))
    sys.stdout.write(f"{wanted.seeds} seeds, {failed} with a fault\n")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
