"""Draw what the store's backends came to, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt

from benchmarks.store_figures import Figures

PANELS = (
    ("batches of 500: measurements/s", "batch_rate"),
    ("PUT: requests/s", "put_rate"),
    ("GET latest: requests/s", "get_rate"),
    ("without HTTP: measurements/s", "own_batch_rate"),
    ("without HTTP: changes/s", "own_put_rate"),
    ("without HTTP: latest/s", "own_get_rate"),
    ("a node dies: seconds without a write", "gap_s"),
    ("it is back: seconds until it has all", "heal_s"),
    ("a fourth joins: seconds until it has its slots", "join_s"),
)
COLOURS = {
    "ring/consistent": "#5b9ba3",
    "ring/full": "#8a7aa8",
    "valkey-cluster": "#c98a3c",
    "etcd": "#7a8b5a",
}
TEXT, MUTED = "#1d2329", "#5d6873"


def draw(found: Sequence[Figures], file: Path) -> None:
    """A panel for each kind of work, a bar per backend; what was not measured has none."""
    plt.rcParams.update({"font.family": "DejaVu Sans", "font.size": 9, "text.color": TEXT})
    figure, grid = plt.subplots(3, 3, figsize=(12, 5.6), dpi=110)
    for axes, (title, name) in zip(grid.flat, PANELS, strict=True):
        measured = [(one.backend, getattr(one, name)) for one in found if getattr(one, name)]
        names = [backend for backend, _ in measured]
        values = [value for _, value in measured]
        axes.barh(names, values, color=[COLOURS[one] for one in names], height=0.6)
        for place, value in enumerate(values):
            said = f"  {value:,.2f}" if value < 100 else f"  {value:,.0f}"
            axes.text(value, place, said, va="center", color=MUTED)
        axes.set_title(title, loc="left", fontsize=9, color=TEXT)
        axes.set_xlim(0, 1.35 * max(values, default=1))
        axes.set_ylim(2.6, -0.6)  # room for three, so that bars are alike
        axes.tick_params(colors=TEXT, length=0)
        axes.set_xticks([])
        axes.spines[["top", "right", "bottom"]].set_visible(False)
    figure.tight_layout()
    figure.savefig(file)
    plt.close(figure)
