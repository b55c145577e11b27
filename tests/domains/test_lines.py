"""The fast lines say what Python's own formatting says."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from energyguard.domains.household.lines import lines_of
from energyguard.model.readings import batch_of

ROW = st.tuples(
    st.integers(946_684_800, 4_102_444_800),
    st.from_regex(r"H[0-9]{1,6}", fullmatch=True),
    st.integers(0, 9_999_999),
)


@given(st.lists(ROW, max_size=30))
def test_lines_are_system_c_s(rows: list[tuple[int, str, int]]) -> None:
    batch = batch_of(
        [device for _, device, _ in rows],
        "energy_kwh",
        [second * 1000 for second, _, _ in rows],
        [steps * 10_000 for _, _, steps in rows],
    )
    expected = "".join(
        f"{datetime.fromtimestamp(second, UTC):%Y-%m-%dT%H:%M:%SZ},{device},{steps / 1e5:.5f}\n"
        for second, device, steps in rows
    )
    assert lines_of(batch) == expected.encode()
