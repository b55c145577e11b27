"""The boards that Grafana shows; ``python -m deploy.grafana.board`` writes their files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from deploy.grafana.chargers import CHARGERS
from deploy.grafana.panels import Board
from deploy.grafana.processes import PROCESSES

FOLDER: Final = Path(__file__).with_name("boards")
BOARDS: Final = (PROCESSES, CHARGERS)


def file(board: Board) -> Path:
    """Where the board is."""
    return FOLDER / f"{board.uid}.json"


def text(board: Board) -> str:
    """What is in its file."""
    return json.dumps(board.model(), indent=2, ensure_ascii=False) + "\n"


def main() -> None:
    """Write the boards."""
    for board in BOARDS:
        file(board).write_text(text(board))
        print(file(board))


if __name__ == "__main__":
    main()
