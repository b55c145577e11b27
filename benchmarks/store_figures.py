"""What a backend of the store came to."""

from __future__ import annotations

from dataclasses import dataclass


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
