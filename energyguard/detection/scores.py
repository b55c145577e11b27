"""Scores of evidence: additive tables per kind, and how rare each score is.

A rarity is −ln of the alerts per device-week that a level raises on ordinary streams, so a budget
of b alerts per device-week is the threshold −ln b. What is known (the kinds) and what is merely
unlike anything (the label-free channel) have shares of the budget of their own.
"""

from __future__ import annotations

import hashlib
import zlib
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from pathlib import Path
from typing import Final, NamedTuple
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from energyguard.detection.evidence import EVIDENCE, STEPS, Steps
from energyguard.detection.slots import QUARTER_MS
from energyguard.detection.state import Floats

FREE_SHARE: Final = 0.2
"""Of the budget: for what is like no kind."""
_SHIPPED: Final = Path(__file__).parents[1] / "data" / "detection"
UNLIKE: Final = "unlike"
"""The kind of what only the label-free channel sees."""
_FIELDS: Final = (
    "kinds", "tables", "levels", "rarities", "offsets", "free", "evidence", "shape", "about",
)  # fmt: skip


def shipped_path(slot_ms: int) -> Path:
    """The parameter file that comes with the program, for slots of a length."""
    return _SHIPPED / f"parameters-{slot_ms // 60_000}.npz"


class RarityMap(NamedTuple):
    """Levels of a score, rising, and the rarity of each."""

    level: Floats
    rarity: Floats

    def __call__(self, score: npt.NDArray[np.floating]) -> Floats:
        """The rarity of scores: linear between levels; beyond them by the slope of all."""
        level, rarity = self.level, self.rarity
        slope = (rarity[-1] - rarity[0]) / (level[-1] - level[0])
        beyond = slope * (np.minimum(score - level[0], 0) + np.maximum(score - level[-1], 0))
        return np.asarray(np.interp(score, level, rarity) + beyond, np.float32)


class Rated(NamedTuple):
    """How rare a slot is for each device."""

    rarity: Floats  # (devices,)
    kind: npt.NDArray[np.int64]  # (devices,): number of the likeliest kind
    runner_up: npt.NDArray[np.int64]
    of_kinds: Floats  # (devices,) how rare it is by the kinds alone
    unlike: Floats  # (devices,) how rare by the label-free channel alone
    unbarred: Floats  # (devices,) the rarity as if no bar were raised
    unlike_unbarred: Floats  # (devices,) the same of the label-free channel


@dataclass(frozen=True)
class Parameters:
    """What is not learned of the device itself: what training gave."""

    kinds: tuple[str, ...]
    tables: Floats  # (kinds, evidence, 256)
    maps: tuple[RarityMap, ...]  # of each kind, of all kinds together, of the label-free, of both
    offsets: Floats  # (kinds,) nats for a kind that is frequent among faults
    free: Floats  # (evidence, 256): how rare each step of a single evidence is
    shape: Floats  # (48,) the day of an ordinary device, working and free
    about: str  # of which data, with which licence, it was made

    @cached_property
    def _by_evidence(self) -> Floats:
        """(evidence, 256, kinds): the numbers of a step side by side."""
        return np.ascontiguousarray(self.tables.transpose(1, 2, 0))

    def scores(self, steps: Steps) -> Floats:
        """(kinds, devices) of (evidence, devices)."""
        found = np.zeros((steps.shape[1], len(self.kinds)), np.float32)
        for table, step in zip(self._by_evidence, steps, strict=True):
            found += table.take(step, axis=0)
        return found.T

    def unlikeness(self, steps: Steps) -> Floats:
        """(…) of (evidence, …): the rarest single evidence."""
        found = np.full(steps.shape[1:], -np.inf, np.float32)
        for table, step in zip(self.free, steps, strict=True):
            np.maximum(found, table.take(step), out=found)
        return found

    def rate(self, steps: Steps, bars: Floats | None = None) -> Rated:
        """Say how rare what (evidence, devices) show is.

        Args:
            steps: what they show.
            bars: (kinds + 1, devices) nats by which each kind, and what is like none, counts as
                less rare; None: all count as they are.
        """
        *of_kind, _of_all, of_free, _of_both = self.maps
        scores = self.scores(steps)
        rarities = np.stack([of(score) for of, score in zip(of_kind, scores, strict=True)])
        rarities += self.offsets[:, None]
        free = of_free(self.unlikeness(steps))
        plain = self._together(rarities, free)
        if bars is None:
            return plain
        rarities -= bars[:-1]
        barred = self._together(rarities, free - bars[-1])
        return barred._replace(unbarred=plain.rarity, unlike_unbarred=plain.unlike)

    def _together(self, rarities: Floats, free: Floats) -> Rated:
        """The rarity by (kinds, devices) rarities, and by that of what is like none of them."""
        *_of_kind, of_all, _of_free, of_both = self.maps
        order = np.argsort(rarities, axis=0)
        of_kinds = of_both(of_all(rarities.max(axis=0)) + np.log(1 - FREE_SHARE))
        unlike = of_both(free + np.log(FREE_SHARE))
        rarity = np.maximum(of_kinds, unlike)
        return Rated(rarity, order[-1], order[-2], of_kinds, unlike, rarity, unlike)

    def to_bytes(self) -> bytes:
        """The parameter file."""
        out = BytesIO()
        np.savez_compressed(
            out,
            kinds=np.array(self.kinds),
            tables=self.tables.astype(np.float16),
            levels=np.stack([of.level for of in self.maps]),
            rarities=np.stack([of.rarity for of in self.maps]),
            offsets=self.offsets,
            free=self.free.astype(np.float16),
            evidence=np.array([evidence.name for evidence in EVIDENCE]),
            shape=self.shape,
            about=np.array(self.about),
        )
        return out.getvalue()

    @classmethod
    def from_bytes(cls, kept: bytes) -> Parameters:
        """Read a parameter file.

        Raises:
            ValueError: it is none, not whole, or not one of this version's evidence.
        """
        try:
            with np.load(BytesIO(kept)) as file:
                found = {name: file[name] for name in _FIELDS}
        except (OSError, EOFError, KeyError, ValueError, BadZipFile, zlib.error) as error:
            raise ValueError(f"no parameter file: {error}") from None
        names = tuple(str(name) for name in found["evidence"])
        if names != tuple(evidence.name for evidence in EVIDENCE):
            raise ValueError("a parameter file of other evidence: train it anew")
        kinds = tuple(str(kind) for kind in found["kinds"])
        if found["tables"].shape != (len(kinds), len(EVIDENCE), STEPS):
            raise ValueError(f"tables of {found['tables'].shape} do not fit {len(kinds)} kinds")
        maps = zip(found["levels"], found["rarities"], strict=True)
        return cls(
            kinds=kinds,
            tables=found["tables"].astype(np.float32),
            maps=tuple(RarityMap(level, rarity) for level, rarity in maps),
            offsets=found["offsets"],
            free=found["free"].astype(np.float32),
            shape=found["shape"],
            about=str(found["about"]),
        )

    @classmethod
    def shipped(cls, slot_ms: int = QUARTER_MS) -> Parameters:
        """Those that come with the program, for slots of one of ``slots.LENGTHS_MS``."""
        return cls.from_bytes(shipped_path(slot_ms).read_bytes())

    @property
    def digest(self) -> str:
        """Which parameters these are."""
        digest = hashlib.sha256(self.tables.tobytes() + self.free.tobytes())
        for of in self.maps:
            digest.update(of.level.tobytes() + of.rarity.tobytes())
        return digest.hexdigest()[:16]
