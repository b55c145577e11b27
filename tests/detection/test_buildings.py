"""How marked hours of buildings are counted: worked by hand."""

import numpy as np

from benchmarks.detection_buildings import START_MS, WARM, Buildings, area_under_curve, rows
from benchmarks.household_profile import Homes
from energyguard.detection.slots import HOUR_MS

HOURS = WARM + 168


def marked(*spans: tuple[int, int]) -> Buildings:
    """A meter with marked hours, counted from the first hour that counts."""
    found = np.zeros((1, HOURS), bool)
    for start, end in spans:
        found[0, WARM + start : WARM + end] = True
    return Buildings(Homes(["a"], np.ones((1, HOURS)), START_MS, HOUR_MS), found)


def test_an_event_is_a_run_that_begins_after_the_first_days() -> None:
    events = marked((-5, 3), (10, 12), (160, 168)).events
    assert (events.start - WARM).tolist() == [10, 160]
    assert (events.end - WARM).tolist() == [12, 168]


def test_the_area_is_the_part_of_pairs_in_order_and_ties_count_half() -> None:
    of = marked((0, 2))
    scores = np.zeros((1, HOURS))
    scores[0, WARM], scores[0, WARM + 5] = 2, 3
    # of the marked hours one is above 165 of 166, the other tied with 165 and below one
    assert area_under_curve(scores, of) == (165 + 165 / 2) / (2 * 166)


def test_the_lowest_level_within_the_false_alerts_counts() -> None:
    of = marked((20, 24), (100, 102))
    scores = np.zeros((1, HOURS))
    scores[0, WARM + 20 : WARM + 24] = 5
    scores[0, WARM + 100 : WARM + 102] = 6
    scores[0, WARM + 80] = 4
    *_, text = rows("x", scores, of, 0)
    assert text == "x 0.5 false alerts a meter-week: F1 1.000 precision 1.00 recall 1.00"
