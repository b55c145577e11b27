"""``python -m energyguard`` is ``energyguard``."""

from __future__ import annotations

import sys

from energyguard.cli import main

if __name__ == "__main__":
    sys.exit(main())
