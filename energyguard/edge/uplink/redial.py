"""When an edge dials again: waits that grow, each drawn at random, so that edges spread out."""

from __future__ import annotations

from random import Random

FIRST_REDIAL_S = 0.5
MAX_REDIAL_S = 10.0


class Redial:
    """Waits between half a step and a whole one; steps double up to ``MAX_REDIAL_S``."""

    def __init__(self, chance: Random) -> None:
        self._chance = chance
        self._step_s = FIRST_REDIAL_S
        self.at_s = float("-inf")
        """When to dial (monotonic seconds): at first at once."""

    def again(self, now_s: float) -> None:
        """It did not work, or does not any more."""
        self.at_s = now_s + self._step_s * self._chance.uniform(0.5, 1.0)
        self._step_s = min(2 * self._step_s, MAX_REDIAL_S)

    def reset(self) -> None:
        """It works."""
        self._step_s = FIRST_REDIAL_S
