"""A device of any kind: whether it is as usual, what it uses, what is missing, what it is."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from energyguard.alerts.alert import Alert
from energyguard.alerts.flapping import flapping, newest_of_each
from energyguard.errors import NotFound
from energyguard.page.alerts.rows import AlertRow, alert_lines
from energyguard.page.alerts.words import sentence
from energyguard.page.devices.about import AboutCard
from energyguard.page.devices.parts import MeasuredParts, SumParts
from energyguard.page.devices.skins import DeviceParts, parts_of
from energyguard.page.devices.tiles import UsualNow
from energyguard.page.elements.components import Rest, Tag, card
from energyguard.page.frame.context import PageContext
from energyguard.page.frame.places import place_of
from energyguard.page.words.formatting import SPACE, age, day_moment, number
from energyguard.page.words.language import _
from energyguard.rules.rule import Rule
from energyguard.service.catalogue.views import CatalogueCard
from energyguard.service.devices import DeviceChannel, MeasuredDevice

KEEP_S = 5.0
LOOK_S = 0.5
MAX_ALERTS = 6
KNOWN = 1_000
"""So many of its alerts are looked at, to see what comes and goes."""


class DevicePage:
    """The one that the address names; drawn when the first is known of it."""

    def __init__(self, context: PageContext) -> None:
        self.context, self.cache = context, context.cache
        self.device = context.query.get("device", "")
        self.parts: DeviceParts | None = None
        self.answer = Tag("p", "", "answer sub")
        self.rest = Rest(
            _("Nothing was heard of {device} yet").format(device=self.device),
            _("It appears here by itself with its first reading."),
        )
        with self.rest:
            self.left = Tag("div", "", "stack c8 device-parts")
            with Tag("div", "", "stack c4 beside-parts"):
                with card(_("Alerts of this device"), "c12", anchor="alerts") as self.open:
                    self.alerts = alert_lines(context, _("No alert of this device is known."))
                self.right = Tag("div", "", "stack")
                self.about = AboutCard(context, self.device, self.draw)
        context.every(KEEP_S, self.draw)
        context.every(KEEP_S, self.draw_rest, is_first=False)
        context.every(2.0, self.move_on)
        self._revision = -1
        context.every(LOOK_S, self.look, is_first=False)
        if (alive := self.cache.service.devices.live(self.device)) is not None:
            self.parts = self._build(alive)
        else:
            with self.left:
                self.parts = parts_of(context, self.device, self._say)

    async def look(self) -> None:
        """What somebody else changed of it is said at once."""
        if self.cache.service.catalogue.entries.revision != self._revision:
            entry = await self._entry()
            if entry is not None:
                await self.about.show(entry)

    async def _entry(self) -> CatalogueCard | None:
        """What is said of it, its name and place; None: there is no such device."""
        catalogue = self.cache.service.catalogue
        self._revision = catalogue.entries.revision
        try:
            entry = await asyncio.to_thread(catalogue.detail, self.device)
        except NotFound:
            self.rest.show(False)
            self.context.say(self.device, _("Device"))
            return None
        self.rest.show(True)
        place = place_of(self.cache.service.catalogue, self.device)
        self.context.say(place.name, place.where or _("Device that stands nowhere yet"))
        return entry

    async def draw(self) -> None:
        """Everything that the history, the live view and the catalogue know of it.

        What is live is drawn while the history says what else there is: all questions at once.
        """
        alive = self.cache.service.devices.live(self.device)
        found, entry, _drawn = await asyncio.gather(
            self._measured(), self._entry(), self._draw_parts(alive)
        )
        if entry is None:
            return
        names = tuple(channel.channel for channel in found.channels) if found else ()
        if not self._has_parts(found, entry):
            self.parts = self._build(found)
            await self._draw_parts(found)
        if found is not None and isinstance(self.parts, MeasuredParts):
            await self.parts.draw_past(found)
        await self.about.show(entry, names)
        self.answer.text = self._answer(entry, found)

    async def _draw_parts(self, found: MeasuredDevice | None) -> None:
        if self.parts is not None:
            await self.parts.draw(found)

    def _has_parts(self, found: MeasuredDevice | None, entry: CatalogueCard) -> bool:
        """Whether the cards are those of what it measures, by all that is known."""
        if found is None:
            return self.parts is not None or not entry.device.is_virtual
        return isinstance(self.parts, MeasuredParts) and self.parts.is_of(found)

    async def draw_rest(self) -> None:
        """What takes longer to find out, and nobody looks for first."""
        if self.parts is not None:
            await self.parts.draw_rest(await self._measured())

    def _build(self, found: MeasuredDevice | None) -> DeviceParts:
        self.left.clear()
        self.right.clear()
        if found is None:
            with self.left:
                return SumParts(self.context, self.device)
        return MeasuredParts(self.context, found, self.context.zone, self.left, self.right)

    async def _measured(self) -> MeasuredDevice | None:
        """What it measures; None: it sent nothing yet."""
        devices, key = self.cache.service.devices, ("device", self.device)
        try:
            return await self.cache.shared(key, KEEP_S, lambda: devices.measured(self.device))
        except NotFound:
            return None

    async def move_on(self) -> None:
        """The newest end of the lines, and the alerts."""
        if isinstance(self.parts, MeasuredParts):
            self.parts.move_on()
        book = self.cache.service.book
        known = book.find(device=self.device, limit=KNOWN)
        flaps = flapping(known, self.cache.service.clock.now_ms())
        found = newest_of_each(known, flaps)[:MAX_ALERTS]
        place, now_ms = place_of(self.cache.service.catalogue, self.device), self.context.now_ms
        self.alerts.show(
            [
                AlertRow.of(alert, place, self._rule(alert), now_ms, flaps.get(alert.id))
                for alert in found
            ]
        )
        n = sum(alert.open for alert in found)
        self.open.text = _("{n} open").format(n=n) if n else _("none open")

    def _say(self, answer: str) -> None:
        self.answer.text = answer

    def _rule(self, alert: Alert) -> Rule | None:
        """The rule that an alert is of; None: it is no longer there."""
        try:
            return self.cache.service.rules.get(alert.rule)
        except NotFound:
            return None

    def _answer(self, entry: CatalogueCard, found: MeasuredDevice | None) -> str:
        """Whether it is as usual, in a sentence."""
        zone = entry.zone
        if entry.state == "retired":
            return _("Retired since {when}").format(when=day_moment(entry.device.retired_ms, zone))
        if found is None:
            if entry.device.is_virtual:
                return _("A sum of others; it sends nothing itself")
            return self.answer.text or _("It has not sent anything yet")
        place = place_of(self.cache.service.catalogue, self.device)
        alerts = [
            (sentence(alert, place, self._rule(alert)), alert.since_ms)
            for alert in self.cache.service.book.find(device=self.device, limit=1)
            if alert.open
        ]
        channel = self.parts.channel_of(found) if isinstance(self.parts, MeasuredParts) else None
        usual = self.parts.usual if isinstance(self.parts, MeasuredParts) else None
        return standing(alerts, channel, usual, max(0, self.context.now_ms - found.last_ms), zone)


def standing(
    alerts: Sequence[tuple[str, int]],
    channel: DeviceChannel | None,
    usual: UsualNow | None,
    age_ms: int,
    zone: str,
) -> str:
    """How a device is doing now.

    Args:
        alerts: what those say that are open, and since when; the newest first.
        channel: the one that is shown.
        usual: what is usual of it now; None: not known.
        age_ms: how old its newest reading is.
        zone: of the times.
    """
    if alerts:
        about, since_ms = alerts[0]
        return _("{about}, since {when}").format(about=about, when=day_moment(since_ms, zone))
    if channel is None or channel.silent:
        old = SPACE.join(age(age_ms))
        return _("Silent: the last reading is {age} old, later than it usually sends").format(
            age=old
        )
    value = channel.value if channel.kw is None else channel.kw
    if usual is None or value is None:
        return _("It sends as often as usual")
    if value > usual.high:
        more = f"{number(value - usual.high)}{SPACE}{usual.unit}"
        return _("{more} above the usual at this hour").format(more=more)
    return _("As usual now")
