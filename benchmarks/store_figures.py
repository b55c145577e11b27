"""What a backend of the store came to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass
class Figures:
    """What one backend came to."""

    backend: str
    batch_rate: float = 0.0  # measurements a second
    put_rate: float = 0.0
    get_rate: float = 0.0
    put_p99_ms: float = 0.0  # at half of that rate
    get_p99_ms: float = 0.0
    own_batch_rate: float = 0.0  # without HTTP, through the contract, in the load's process
    own_put_rate: float = 0.0
    own_get_rate: float = 0.0
    gap_s: float | None = None  # the longest time without a write, when a node is killed
    lost: int | None = None  # acknowledged, and not there
    heal_s: float | None = None  # until what a dead node missed is there
    heal_facts: int = 0
    join_s: float | None = None
    join_rate: float | None = None  # copies of facts moved a second
    join_failed: int | None = None
    join_moved: float | None = None  # slots moved, of the ideal
    fail_s: float | None = None  # from kill -9 of an owner until a write of its key is acknowledged
    recover_s: float | None = None  # from its start until it has all that it missed
    read_s: float | None = None  # one measurement, nothing else under way
    write_s: float | None = None
    unmeasured: dict[str, str] = field(default_factory=dict)  # parts that failed, and why


def table(found: Iterable[Figures]) -> str:
    """Fail, recover, read and write per strategy, as the measurement store's own table has them."""
    lines = ["| strategy | fail | recover | read | write |", "|---|---|---|---|---|"]
    for one in found:
        times = (one.fail_s, one.recover_s, one.read_s, one.write_s)
        if any(time is not None for time in times):
            cells = ("-" if time is None else f"{1000 * time:.1f} ms" for time in times)
            lines.append(f"| {one.backend.rpartition('/')[2]} | {' | '.join(cells)} |")
    return "\n".join(lines)
