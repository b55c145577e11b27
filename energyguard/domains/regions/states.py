"""Germany's sixteen states: their codes, names, people, and which postal codes are theirs.

A postal code belongs to the state of its longest prefix in `_PREFIXES`: right for towns, and for
all but some border villages whose post comes from the other side.
"""

from __future__ import annotations

from typing import NamedTuple

POSTAL_DIGITS = 5


class FederalState(NamedTuple):
    """A federal state."""

    region: str  # ISO 3166-2
    name: str
    thousands: int  # people, end of 2022, in thousands: the weight of its places


STATES = (
    FederalState("DE-BW", "Baden-Württemberg", 11_280),
    FederalState("DE-BY", "Bayern", 13_369),
    FederalState("DE-BE", "Berlin", 3_755),
    FederalState("DE-BB", "Brandenburg", 2_573),
    FederalState("DE-HB", "Bremen", 685),
    FederalState("DE-HH", "Hamburg", 1_892),
    FederalState("DE-HE", "Hessen", 6_391),
    FederalState("DE-MV", "Mecklenburg-Vorpommern", 1_628),
    FederalState("DE-NI", "Niedersachsen", 8_140),
    FederalState("DE-NW", "Nordrhein-Westfalen", 18_139),
    FederalState("DE-RP", "Rheinland-Pfalz", 4_159),
    FederalState("DE-SL", "Saarland", 993),
    FederalState("DE-SN", "Sachsen", 4_086),
    FederalState("DE-ST", "Sachsen-Anhalt", 2_187),
    FederalState("DE-SH", "Schleswig-Holstein", 2_953),
    FederalState("DE-TH", "Thüringen", 2_127),
)
NAMES = {state.region: state.name for state in STATES}

_PREFIXES = {
    "BB": "019 03 0489 049 14 15 16 17258 17268 17279 17291 17326 17337 19309 19322 19336 19339 "
    "19348 19357",
    "BE": "10 11 12 13 140 141",
    "BW": "68 69 70 71 72 73 74 75 76 77 78 79 88 89 9787 9789 979",
    "BY": "637 638 639 80 81 82 83 84 85 86 87 881 892 893 894 90 91 92 93 94 95 96 97",
    "HB": "27568 2757 27580 281 282 283 284 285 286 287",
    "HE": "34 35 36 372 37194 55246 55252 60 61 63 64 65 68519 68623 6864 69239 69434 69483 69488 "
    "695",
    "HH": "20 210 211 22",
    "MV": "17 18 19 239",
    "NI": "19273 21 26 27 2879 2881 2883 2884 2885 2886 2887 29 30 31 34346 34355 37 38 48455 "
    "48465 48480 48488 48499 48527 48529 48531 49",
    "NW": "32 33 34414 34431 34434 34439 37671 37688 37696 40 41 42 44 45 46 47 48 49477 49479 "
    "49492 49497 49504 49509 49525 49536 49545 49549 50 51 52 53 57 58 59",
    "RP": "534 535 53619 54 55 56 575 576 65558 65582 65623 65624 65626 65629 6648 6649 6650 6684 "
    "6685 6686 6687 6688 6689 6690 6691 6695 6696 6697 6698 6699 67 767 768",
    "SH": "21465 21481 21483 21493 21502 21509 21514 21516 2152 228 229 23 24 25",
    "SL": "66",
    "SN": "01 02 04 08 09",
    "ST": "06 29410 29413 29416 38486 38489 388 39",
    "TH": "0460 0461 0462 0463 06556 06567 06571 06577 06578 07 364 373 965 98 99",
}
_REGION_OF = {
    prefix: f"DE-{code}" for code, prefixes in _PREFIXES.items() for prefix in prefixes.split()
}


def region_of(postal_code: str) -> str | None:
    """The state of a postal code, ISO 3166-2; None: there is no such code in Germany."""
    if len(postal_code) != POSTAL_DIGITS or not (postal_code.isascii() and postal_code.isdecimal()):
        return None
    lengths = range(POSTAL_DIGITS, 1, -1)
    found = (_REGION_OF.get(postal_code[:length]) for length in lengths)
    return next((region for region in found if region), None)
