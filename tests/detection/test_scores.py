"""Parameters: what fits is read as it was written, what does not is refused; tables add up."""

from pathlib import Path

import numpy as np
import pytest

from energyguard.detection.evidence import EVIDENCE, STEPS
from energyguard.detection.scores import Parameters, RarityMap, shipped_path
from energyguard.detection.slots import LENGTHS_MS, QUARTER_MS

LINE = RarityMap(np.array([0, 1, 3], np.float32), np.array([0, 2, 4], np.float32))


def parameters() -> Parameters:
    chance = np.random.default_rng(1)
    return Parameters(
        kinds=("surge", "leak"),
        tables=chance.normal(size=(2, len(EVIDENCE), STEPS)).astype(np.float16).astype(np.float32),
        maps=(LINE,) * 5,
        offsets=np.array([0, 1], np.float32),
        free=chance.normal(size=(len(EVIDENCE), STEPS)).astype(np.float16).astype(np.float32),
        shape=np.ones(48, np.float32),
        about="of this test",
    )


def test_a_parameter_file_is_read_as_it_was_written() -> None:
    made = parameters()
    read = Parameters.from_bytes(made.to_bytes())
    assert (read.kinds, read.about, read.digest) == (made.kinds, made.about, made.digest)
    assert np.array_equal(read.tables, made.tables)
    assert np.array_equal(read.free, made.free)


def test_what_does_not_fit_is_refused() -> None:
    whole = shipped_path(QUARTER_MS).read_bytes()
    damaged = whole[:5_000] + b"\xff" * 100 + whole[5_100:]
    for kept in (b"PK not one", b"", whole[:1_000], whole[:-1], damaged):
        with pytest.raises(ValueError, match="no parameter file"):
            Parameters.from_bytes(kept)
    made = parameters()
    short = Parameters(("surge",), made.tables, made.maps, made.offsets, made.free, made.shape, "")
    with pytest.raises(ValueError, match="do not fit 1 kinds"):
        Parameters.from_bytes(short.to_bytes())


def test_a_score_is_a_sum_and_the_unlike_is_the_rarest() -> None:
    made = parameters()
    steps = np.random.default_rng(2).integers(0, STEPS, (len(EVIDENCE), 7)).astype(np.uint8)
    rows = np.arange(len(EVIDENCE))
    for device in range(7):
        one = steps[:, device]
        assert made.scores(steps)[1, device] == pytest.approx(made.tables[1, rows, one].sum(), 1e-4)
        assert made.unlikeness(steps)[device] == made.free[rows, one].max()


def test_a_rarity_is_linear_between_levels_and_beyond() -> None:
    found = LINE(np.array([-1, 0.5, 2, 5]))
    assert found.tolist() == pytest.approx([-4 / 3, 1, 3, 4 + 8 / 3])


def test_the_files_that_ship_fit_and_say_of_what_they_are() -> None:
    page = (Path(__file__).parents[2] / "docs" / "detection.md").read_text()
    every = [Parameters.shipped(slot_ms) for slot_ms in LENGTHS_MS]
    assert len({shipped.digest for shipped in every}) == len(LENGTHS_MS)
    assert len({shipped.kinds for shipped in every}) == 1
    for shipped in every:
        assert len(shipped.kinds) == 6
        assert f"`{shipped.digest}`" in page
        assert "simulated homes" in shipped.about
        assert len(shipped.to_bytes()) < 500_000
