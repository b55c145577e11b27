"""Refused rows are grouped by what was wrong; what would come of them is known before."""

from __future__ import annotations

from energyguard.service.intake.refused_rows import refused_groups, would_be_taken
from energyguard.service.service import EnergyService

BODY = b"timestamp,household_id,energy_kwh\nyesterday,H003,0.1\nnever,H004,0.1\n%s,H001,n/a\n"
TIME = b"2025-09-06T17:54:02Z"


def test_rows_of_one_fault_stand_together(service: EnergyService) -> None:
    service.take_readings(BODY % TIME, "csv")
    groups = refused_groups(service.dead_letters())
    assert [(group.field, len(group.offsets)) for group in groups] == [
        ("energy_kwh", 1), ("timestamp", 2),
    ]  # fmt: skip
    assert groups[1].newest.original == "never,H004,0.1"


def test_what_would_be_taken_is_what_can_be_read_now(service: EnergyService) -> None:
    service.take_readings(BODY % TIME, "csv")
    letters = service.dead_letters()
    wire = service.settings.wire
    assert would_be_taken(letters, wire) == 0
    service.take_readings(b"timestamp,household_id,energy_kwh\n%s,H002,150.0\n" % TIME, "csv")
    too_much = service.dead_letters(1)
    assert would_be_taken(too_much, wire) == 0
    wider = wire.model_copy(update={"plausible_kwh": 200.0})
    assert would_be_taken([*too_much, *letters], wider) == 1
