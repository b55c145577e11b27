"""Tasmota: ``/cm?cmnd=Status%2010``, whose answer is what it sends by MQTT as ``STATUS10``.

After tasmota.github.io/docs/Commands. A password stands in the address there: it is sent in each
request, and in no message of ours.
"""

from __future__ import annotations

from typing import ClassVar, Final
from urllib.parse import quote
from zoneinfo import ZoneInfo

from energyguard.errors import Malformed
from energyguard.mqtt.dialect import MqttMessage, object_in
from energyguard.mqtt.dialects.tasmota import TasmotaDialect
from energyguard.poll.http import HttpSource
from energyguard.poll.source import AnswerExample, PollAnswer, PollKind

_SENSORS: Final = "/cm?cmnd=Status%2010"


class TasmotaSource(HttpSource):
    """Asks a plug or meter with Tasmota."""

    _dialect: ClassVar = TasmotaDialect(ZoneInfo("UTC"))

    async def ask(self) -> PollAnswer:
        """Registers, powers, voltages, currents and temperatures."""
        user = quote(self.target.user or "admin", safe="")
        secret = f"&user={user}&password={quote(self.password, safe='')}" if self.password else ""
        body = await self.get(_SENSORS + secret)
        if "StatusSNS" not in (answer := object_in(body)):
            warning = answer.get("WARNING", "it has no StatusSNS")
            raise Malformed(f"it does not say its sensors: {warning}", "StatusSNS")
        message = MqttMessage(f"stat/{self.target.name}/STATUS10", body, 0)
        values = [sent._replace(time_ms=None) for sent in self._dialect.read(message)]
        return PollAnswer(values, [])


KIND: Final = PollKind(
    name="tasmota",
    title="Tasmota",
    about="plugs and meters with Tasmota",
    open=TasmotaSource,
    needs_user=False,
    example=AnswerExample(
        {
            "/cm": b'{"StatusSNS":{"Time":"2019-09-06T20:06:19","ENERGY":{"TotalStartTime":'
            b'"2019-08-18T11:07:55","Total":0.003,"Yesterday":0.000,"Today":0.003,"Power":26,'
            b'"ApparentPower":25,"ReactivePower":25,"Factor":0.06,"Voltage":239,"Current":0.106}}}'
        }
    ),
)
