"""One alert closely: why it fired, how it went on, and what a person can do."""

from __future__ import annotations

from nicegui import ui

from energyguard.alerts.alert import Alert, TimelineEntry
from energyguard.errors import NotFound
from energyguard.model.alerts import Act, State
from energyguard.page.alert_picture import has_picture, picture, rule_of
from energyguard.page.components import ChangingList, Tag, button, card
from energyguard.page.context import PageContext
from energyguard.page.formatting import amount, day_moment, moment, side, until
from energyguard.page.page_cache import HOUR_MS, MINUTE_MS
from energyguard.page.plots import Plot
from energyguard.records.alerts import AlertAction

SILENCES = {"1 h": HOUR_MS, "8 h": 8 * HOUR_MS, "1 day": 24 * HOUR_MS}

APART_MS = 2 * MINUTE_MS
"""Readings that came later than this, or of another clock, are told with their own time."""

_HAPPENED = {
    State.PENDING: "over the level, for less than its dwell time",
    State.FIRING: "fires",
    State.RESOLVED: "resolved: back under the level",
    State.UNKNOWN: "unknown: the meter went quiet",
}
_DONE = {
    Act.ACKNOWLEDGE: "acknowledged",
    Act.SILENCE: "silenced",
    Act.UNSILENCE: "heard again",
}


class AlertDetail:
    """The card of the chosen alert."""

    def __init__(self, context: PageContext) -> None:
        self.context, self.cache = context, context.cache
        self.alert: Alert | None = None
        self.peak: int | None = None  # of the picture
        with card("Why it fired", "c7", anchor="story") as self.note:
            Tag("a", "All alerts", "link back", href=context.href("/alerts"))
            self.empty = Tag("p", "", "empty")
            with Tag("div") as self.body:
                self.title = Tag("p").style("font-weight:600;font-size:16px;margin-bottom:10px")
                self.plot = Plot("line", "The values around the alert", 210)
                self.why = Tag("p", "", "why")
                self.acts = Tag("div", "", "acts").style("margin-top:12px")
                with self.acts:
                    self._acts()
                Tag("h3", "What happened", "sub-title")
                Tag("p", "Times of this system's own clock.", "sub")
                self.rows: ChangingList[tuple[str, str]] = ChangingList(
                    self._row, "", "story", "ul"
                )

    def _acts(self) -> None:
        self.text = ui.input(placeholder="Note (what you found, what you do)")
        self.text.props('borderless dense aria-label="Note"').classes("field").mark("note")
        self.take = button("Acknowledge", self._acknowledge, "main-act").mark("take")
        with Tag("span", "", "choice small", role="group", aria_label="Silence for") as self.quiet:
            Tag("span", "Silence").style("padding:1px 4px 1px 8px;color:var(--muted)")
            for words, length in SILENCES.items():
                made = Tag("button", words, type="button", aria_label=f"Silence for {words}")
                made.on("click", lambda _, n=length: self._silence(n))
        self.loud = button("End the silence", self._unsilence)

    async def _acknowledge(self) -> None:
        alert, note = self._chosen(), self.text.value or ""
        service, by = self.cache.service, self.context.user
        if await self.context.do(
            lambda: service.acknowledge(alert.id, by=by, note=note), "You have it"
        ):
            self.text.value = ""

    async def _silence(self, length_ms: int) -> None:
        alert, note = self._chosen(), self.text.value or ""
        service, by = self.cache.service, self.context.user
        await self.context.do(
            lambda: service.silence(alert.id, for_ms=length_ms, by=by, note=note),
            lambda quiet: f"Silent until {day_moment(quiet.silenced_until_ms, self.context.zone)}",
        )

    async def _unsilence(self) -> None:
        alert = self._chosen()
        service, by = self.cache.service, self.context.user
        await self.context.do(lambda: service.unsilence(alert.id, by=by), "Heard again")

    def _chosen(self) -> Alert:
        assert self.alert is not None  # the buttons are hidden without one
        return self.alert

    async def show(self, alert_id: str) -> None:
        """Show this alert as it is now."""
        try:
            alert = self.cache.service.book.get(alert_id) if alert_id else None
        except NotFound:
            alert = None
        self.empty.text = (
            "There is no such alert here any more. Resolved ones that are long over are kept in "
            "the history: energyguard alerts list."
            if alert_id
            else "Choose an alert to see why it fired."
        )
        self.empty.set_visibility(alert is None)
        self.body.set_visibility(alert is not None)
        if alert is None or alert == self.alert:
            return
        first = self.alert is None or self.alert.id != alert.id
        self.alert = alert
        self.title.text = alert.about
        self.note.text = f"{alert.device} · {alert.rule} · {alert.state}"
        self.why.text = self._why(alert)
        self.take.set_visibility(alert.open and alert.acknowledged_by is None)
        self.quiet.set_visibility(alert.open and alert.state is not State.SILENCED)
        self.loud.set_visibility(alert.open and alert.state is State.SILENCED)
        self.rows.show(
            [self._timeline_row(entry) for entry in self.cache.service.book.story(alert.id)]
        )
        if first:
            self.peak = None
            await self.draw()

    def _why(self, alert: Alert) -> str:
        zone = self.context.zone
        if not alert.measured:
            last = day_moment(alert.since_ms, zone)
            if not alert.open:
                return f"{alert.device} was silent {until(alert.since_ms, alert.changed_ms, zone)}."
            return (
                f"The last reading of {alert.device} is of {last}, while others went on. Until it "
                "sends again nobody knows what it uses: its alerts are unknown, not resolved."
            )
        level, words = amount(alert.expected, alert.unit), side(alert)
        peaks = [alert.peak, *([] if self.peak is None else [self.peak])]
        peak = amount(words.furthest(peaks), alert.unit)
        window = until(alert.window_start_ms, alert.window_end_ms, zone)
        if alert.open:
            now = amount(alert.observed, alert.unit)
            how = f"The {words.extreme} so far was {peak}; {now} when it last changed."
        else:
            how = f"The {words.extreme} was {peak}. It ended {day_moment(alert.changed_ms, zone)}."
        if alert.window_start_ms == alert.window_end_ms:
            return f"{alert.about}. {how}"
        return (
            f"{alert.device} {words.passed} {level} in the window {window}. {how} "
            f"Expected: no {words.allowed} than {level}."
        )

    async def draw(self) -> None:
        """The values around the alert, as far as the history has them: anew until it has all.

        The highest that the words name is the highest of the picture, or the worker's where the
        history is not as far yet.
        """
        alert = self.alert
        rule = None if alert is None else rule_of(self.context, alert)
        drawn = alert is not None and has_picture(alert, rule)
        self.plot.set_visibility(drawn)
        if alert is None or not drawn:
            return
        found = await picture(self.context, alert, rule)
        self.peak = found.worst
        self.why.text = self._why(alert) + found.words
        self.plot.show(found.data)
        self.plot.say(self.why.text)

    def _row(self, row: tuple[str, str]) -> None:
        with Tag("li"):
            Tag("span", row[0])
            Tag("span", row[1])

    def _timeline_row(self, entry: TimelineEntry) -> tuple[str, str]:
        """A line: when the log took it, whoever spoke, and what was said."""
        zone, what = self.context.zone, entry.what
        when = moment(entry.at_ms, zone, "%a %-d %b, %H:%M:%S")
        if isinstance(what, AlertAction):
            words = f"{_DONE[what.act]} by {what.by}"
            if what.until_ms is not None:
                words += f" until {day_moment(what.until_ms, zone)}"
            return when, words + (f": {what.note}" if what.note else "")
        is_above = what.window_start_ms < what.window_end_ms and what.peak > what.expected
        words = _HAPPENED[what.state] if what.unit and is_above else what.about
        if what.unit:
            words += (
                f" · {amount(what.observed, what.unit)}, limit {amount(what.expected, what.unit)}"
            )
        if abs(entry.at_ms - what.time_ms) > APART_MS:
            words += f" (readings of {day_moment(what.time_ms, zone)})"
        return when, words
