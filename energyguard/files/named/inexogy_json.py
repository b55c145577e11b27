"""inexogy (once Discovergy): readings of a meter, as its API answers them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Final

import msgspec

from energyguard.codecs.assembly import PlausibilityLimits
from energyguard.errors import Malformed
from energyguard.files.collected import CollectedReadings, Series
from energyguard.files.formats import HEAD_BYTES, FileFormat
from energyguard.files.found import SECONDS, FileAnswers, FileFinding, FileReadings
from energyguard.model.channels import FED_IN

_PER_KWH: Final = 10**10
_BEGINS: Final = re.compile(rb'\s*\[\s*\{\s*"time"\s*:\s*\d{13}\s*,\s*"values"\s*:\s*\{')


class MeterValues(msgspec.Struct):
    """What a meter said at a time, ms since 1970: energies in 1e-10 kWh, powers in mW."""

    time: int
    values: dict[str, msgspec.Raw]


def read_inexogy(
    data: bytes, name: str, answers: FileAnswers, limits: PlausibilityLimits
) -> FileReadings:
    """Read an answer.

    Raises:
        Malformed: it is cut short, or no such answer.
    """
    try:
        found = msgspec.json.decode(data, type=list[MeterValues])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Malformed(f"{name}: {error}", "file") from error
    series: Mapping[str, Series] = {
        "energy": Series(answers.device, "energy_register_kwh", _PER_KWH),
        "energyOut": Series(_export(answers.device), "energy_register_kwh", _PER_KWH),
        "power": Series(answers.device, "power_kw", 1_000_000),
    }
    collected = CollectedReadings(limits, lambda row: msgspec.json.encode(found[row - 1]))
    for row, reading in enumerate(found, 1):
        for field in series.keys() & reading.values.keys():
            text = json.loads(bytes(reading.values[field]), parse_float=str, parse_int=str)
            if text is not None:
                collected.add(series[field], row, [reading.time], [str(text)])
    findings = (
        FileFinding("zone", "UTC", SECONDS),
        FileFinding("values", "energy, energyOut", "1e-10 kWh: registers"),
        FileFinding("values", "power", "mW"),
    )
    head = tuple(data[:2_000].decode(errors="replace").split("\n")[:6])
    return FileReadings("inexogy-json", findings, (), collected.decoded(), False, head)


def _export(device: str) -> str:
    return f"{device}/{FED_IN}" if device else FED_IN


def _recognises(head: bytes) -> bool:
    head = head[:HEAD_BYTES]
    return _BEGINS.match(head) is not None and (b'"energy"' in head or b'"power"' in head)


EXAMPLE: Final = (
    b'[{"time":1772319600000,"values":{"power":500000,"power1":500000,"energy":12341250000000,'
    b'"energyOut":105000000000}},'
    b'{"time":1772320500000,"values":{"power":-20000,"power1":-20000,"energy":12342550000000,'
    b'"energyOut":105100000000}}]\n'
)
FORMAT: Final = FileFormat(
    name="inexogy-json",
    title="inexogy (once Discovergy, DE), REST",
    source="api.inexogy.com, readings of a meter",
    becomes=(
        "`energy_register_kwh` and `power_kw` at `time`; what is fed in is on `NAME/export`; "
        "energies are 1e-10 kWh and powers mW there"
    ),
    left_out="phases, tariffs, voltages, gas and heat",
    example=EXAMPLE,
    recognises=_recognises,
    read=read_inexogy,
    answers=FileAnswers(device="home"),
)
