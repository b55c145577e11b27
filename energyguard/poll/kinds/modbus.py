"""A meter with Modbus TCP, or behind a gateway, by a map of its registers."""

from __future__ import annotations

from typing import Final

from energyguard.mqtt.dialect import SentValue
from energyguard.poll.modbus import ModbusSource
from energyguard.poll.registers import register_map, spans_of
from energyguard.poll.source import LeftOut, PollAnswer, PollKind, PollTarget


class RegisterSource(ModbusSource):
    """Asks a device for the registers of its map."""

    def __init__(self, target: PollTarget) -> None:
        super().__init__(target)
        assert target.registers is not None
        self._registers = register_map(target.registers)
        self._spans = spans_of(self._registers)

    async def ask(self) -> PollAnswer:
        """What stands in the registers of the map."""
        self.begin()
        found: dict[tuple[str, int], int] = {}
        for span in self._spans:
            for place, word in enumerate(await self.words(span), span.address):
                found[span.table, place] = word
        values, left_out = list[SentValue](), list[LeftOut]()
        for register in self._registers:
            row = register.row
            places = range(row.address, row.address + register.words)
            number = register.number([found[row.table, place] for place in places])
            if number is None:
                left_out.append(LeftOut(register.name, "nothing stands there"))
            else:
                values.append(register.value(self.target.name, number))
        return PollAnswer(values, left_out)


def _check(target: PollTarget) -> None:
    assert target.registers is not None
    register_map(target.registers)


KIND: Final = PollKind(
    name="modbus",
    title="Modbus TCP, with a map of registers",
    about="meters with Modbus TCP, by a map of their registers",
    open=RegisterSource,
    schemes=("tcp",),
    options=frozenset({"unit", "registers"}),
    required=("registers",),
    files={
        "registers": (
            "meter.toml",
            '[[register]]\naddress = 52\ntable = "input"\ntype = "f32"\n'
            'channel = "power_kw"\nunit = "W"\n',
        )
    },
    check=_check,
)
