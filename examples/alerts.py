"""Print the alerts of a data folder, the newest last, and then those that come.

python examples/alerts.py [FOLDER]     (Ctrl-C ends it; `energyguard up` fills the folder)
"""

from __future__ import annotations

import sys
from contextlib import closing, suppress
from pathlib import Path

import msgspec

from energyguard.log import EARLIEST, open_log
from energyguard.model.quantities import from_nano
from energyguard.records.alerts import AlertEvent

TOPIC = "energyguard.alerts"


def main(folder: Path, wait: float = 1.0, *, follow: bool = True) -> None:
    """Read the topic from its beginning; positions are kept here, no group is needed."""
    with closing(open_log(f"sqlite:///{folder / 'log.db'}")) as log:
        positions = dict(log.positions(TOPIC, EARLIEST))
        while (parts := log.read(positions, 1000, wait)) or follow:
            for part in parts:
                for value in filter(None, part.values):
                    event = msgspec.json.decode(value, type=AlertEvent)
                    print(
                        f"{event.state:8} {event.about} ({from_nano(event.observed)} {event.unit})"
                    )
                positions[part.at] = part.next_offset


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main(Path(sys.argv[1] if len(sys.argv) > 1 else "energyguard-data"))
