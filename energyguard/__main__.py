"""``energyguard``, and ``python -m energyguard``."""

from __future__ import annotations

import sys

from energyguard.arrow import go_without_pandas
from energyguard.errors import ConfigError


def main() -> int:
    """Run a command; return its exit code. A domain that cannot be used is one line, too."""
    go_without_pandas()
    try:
        from energyguard.cli.commands import main as run
    except ConfigError as error:
        sys.stderr.write(f"energyguard: {error}\n")
        return error.exit_code
    return run()


if __name__ == "__main__":
    sys.exit(main())
