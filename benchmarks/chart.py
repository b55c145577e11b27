"""Draw what the engines came to: readings a second, and what the worker's rate is of the others'.

python -m benchmarks.chart docs/engines.json docs/images/engines.png
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.axes import Axes

TITLES = {
    ("household-prod", "count"): "15 min / 15 s",
    ("household-demo", "count"): "1 min / 15 s",
    ("household-prod", "drop"): "15 min / 15 s, duplicates dropped",
    ("household-demo", "drop"): "1 min / 15 s, duplicates dropped",
}
NAMES = {"energyguard": "EnergyGuard", "spark": "Spark", "flink": "Flink"}
COLOURS = {"energyguard": "#5b9ba3", "spark": "#c98a3c", "flink": "#8a7aa8"}
TEXT, MUTED = "#1d2329", "#5d6873"


def draw(runs: Sequence[Mapping[str, Any]], file: Path) -> None:
    """A panel for each rule and way with duplicates: a bar per engine, steady rate.

    Args:
        runs: the runs as ``benchmarks.engines --json`` writes them; those of JSON have no others
            beside them and are left out.
        file: the picture to write.
    """
    panels = [
        (title, [run for run in runs if (run["rule"], run["duplicates"], run["shape"]) == which])
        for (rule, duplicates), title in TITLES.items()
        for which in [(rule, duplicates, "csv")]
    ]
    panels = [(title, found) for title, found in panels if found]
    if not panels:
        return
    plt.rcParams.update({"font.family": "DejaVu Sans", "font.size": 9.5, "text.color": TEXT})
    figure, grid = plt.subplots(
        len(panels), 1, figsize=(9, 1.5 * len(panels) + 0.5), dpi=110, sharex=True, squeeze=False
    )
    for axes, (title, found) in zip(grid[:, 0], panels, strict=True):
        _panel(axes, title, found)
    grid[-1, 0].set_xlabel("thousand readings a second, steady", color=MUTED)
    grid[-1, 0].set_xlim(0, 1.25 * max(run["steady"] for run in runs) / 1000)
    figure.tight_layout()
    figure.savefig(file)
    plt.close(figure)


def _panel(axes: Axes, title: str, found: Sequence[Mapping[str, Any]]) -> None:
    """The engines on one rule; beside each other engine, how many times faster the worker is."""
    names = [NAMES[run["engine"]] for run in found]
    rates = [run["steady"] / 1000 for run in found]
    ours = next((run["steady"] for run in found if run["engine"] == "energyguard"), None)
    axes.barh(names, rates, color=[COLOURS[run["engine"]] for run in found], height=0.62)
    for place, run in enumerate(found):
        said = f"  {run['steady'] / 1000:,.0f} k"
        if ours is not None and run["engine"] != "energyguard":
            said += f"   (EnergyGuard {ours / run['steady']:.1f}×)"
        axes.text(run["steady"] / 1000, place, said, va="center", color=MUTED)
    axes.invert_yaxis()
    axes.set_title(title, loc="left", fontsize=9.5, color=TEXT)
    axes.tick_params(colors=TEXT, length=0)
    axes.spines[["top", "right", "left"]].set_visible(False)


if __name__ == "__main__":
    draw(json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[2]))
