"""One alert closely: why it fired, how it went on, and what a person can do."""

from __future__ import annotations

from nicegui import ui

from energyguard.alerts.alert import Alert, Told
from energyguard.errors import NotFound
from energyguard.model.alerts import Act, AlertEvent, State
from energyguard.model.fixed import NANO
from energyguard.ui.board import HOUR_MS, times_ms
from energyguard.ui.layout import Visit
from energyguard.ui.parts import Rows, Tag, button, card
from energyguard.ui.plots import Plot
from energyguard.ui.words import amount, day_moment, moment

SILENCES = {"1 h": HOUR_MS, "8 h": 8 * HOUR_MS, "1 day": 24 * HOUR_MS}

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


class Story:
    """The card of the chosen alert."""

    def __init__(self, visit: Visit) -> None:
        self.visit, self.board = visit, visit.board
        self.alert: Alert | None = None
        with card("Why it fired", "c7", anchor="story") as self.note:
            self.empty = Tag("p", "Choose an alert to see why it fired.", "empty")
            with Tag("div") as self.body:
                self.title = Tag("p").style("font-weight:600;font-size:16px;margin-bottom:10px")
                self.plot = Plot("line", "Window sum around the alert", 210)
                self.why = Tag("p", "", "why")
                self.acts = Tag("div", "", "acts").style("margin-top:12px")
                with self.acts:
                    self._acts()
                self.rows: Rows[tuple[str, str]] = Rows(self._row, "", "story", "ul")

    def _acts(self) -> None:
        self.text = ui.input(placeholder="Note (what you found, what you do)")
        self.text.props('borderless dense aria-label="Note"').classes("field").mark("note")
        self.take = button("Acknowledge", self._acknowledge, "main-act").mark("take")
        with Tag("span", "", "choice small", role="group", aria_label="Silence for") as self.quiet:
            Tag("span", "Silence").style("padding:1px 4px 1px 8px;color:var(--muted)")
            for words, length in SILENCES.items():
                made = Tag("button", words, type="button", aria_label=f"Silence for {words}")
                made.on("click", lambda _, n=length, w=words: self._silence(n, w))
        self.loud = button("End the silence", self._unsilence)

    async def _acknowledge(self) -> None:
        alert, note = self._chosen(), self.text.value or ""
        desk, by = self.board.desk, self.visit.user
        if await self.visit.do(lambda: desk.acknowledge(alert.id, by=by, note=note), "You have it"):
            self.text.value = ""

    async def _silence(self, length_ms: int, words: str) -> None:
        alert, note = self._chosen(), self.text.value or ""
        desk, by = self.board.desk, self.visit.user
        await self.visit.do(
            lambda: desk.silence(alert.id, for_ms=length_ms, by=by, note=note),
            f"Silent for {words}",
        )

    async def _unsilence(self) -> None:
        alert = self._chosen()
        desk, by = self.board.desk, self.visit.user
        await self.visit.do(lambda: desk.unsilence(alert.id, by=by), "Heard again")

    def _chosen(self) -> Alert:
        assert self.alert is not None  # the buttons are hidden without one
        return self.alert

    async def show(self, alert_id: str) -> None:
        """Show this alert as it is now."""
        try:
            alert = self.board.desk.book.get(alert_id) if alert_id else None
        except NotFound:
            alert = None
        self.empty.set_visibility(alert is None)
        self.body.set_visibility(alert is not None)
        if alert is None or alert == self.alert:
            return
        first = self.alert is None
        self.alert = alert
        self.title.text = alert.about
        self.note.text = f"{alert.device} · {alert.rule} · {alert.state}"
        self.why.text = self._why(alert)
        self.take.set_visibility(alert.open and alert.acknowledged_by is None)
        self.quiet.set_visibility(alert.open and alert.state is not State.SILENCED)
        self.loud.set_visibility(alert.open and alert.state is State.SILENCED)
        self.rows.show([self._told(told) for told in self.board.desk.book.story(alert.id)])
        if first or alert.open:
            await self._draw(alert)

    def _why(self, alert: Alert) -> str:
        zone = self.visit.zone
        if not alert.measured:
            last = day_moment(alert.since_ms, zone)
            return (
                f"The last reading of {alert.device} is of {last}, while others went on. Until it "
                "sends again nobody knows what it uses: its alerts are unknown, not resolved."
            )
        level, peak = amount(alert.expected, alert.unit), amount(alert.peak, alert.unit)
        return (
            f"{alert.device} is over {level} since {day_moment(alert.since_ms, zone)}: "
            f"{amount(alert.observed, alert.unit)} in the window "
            f"{moment(alert.window_start_ms, zone)}–{moment(alert.window_end_ms, zone)}; "
            f"the highest so far was {peak}. Expected: no more than {level}."
        )

    async def _draw(self, alert: Alert) -> None:
        self.plot.set_visibility(alert.measured)
        if not alert.measured:
            return
        window = alert.window_end_ms - alert.window_start_ms
        start = alert.since_ms - 3 * window
        end = alert.changed_ms + (2 * window if alert.condition is State.RESOLVED else window)
        slide = max(15_000, (end - start) // 700 // 15_000 * 15_000)
        sums = await self.board.ask(
            "window_sums", 5, device=alert.device, start_ms=start - window, end_ms=end,
            window_ms=window, slide_ms=slide,
        )  # fmt: skip
        newest = self.board.desk.live.newest_ms() or end
        points = [
            (t, kwh)
            for t, kwh in zip(times_ms(sums["window_end"]), sums["kwh"].to_pylist(), strict=True)
            if start <= t <= newest
        ]
        limit = alert.expected / NANO
        self.plot.show(
            {
                "from": start, "to": end, "unit": alert.unit, "zone": self.visit.zone,
                "xs": [t for t, _ in points], "ys": [kwh for _, kwh in points], "limit": limit,
                "limitName": f"threshold {amount(alert.expected, alert.unit)}",
            }
        )  # fmt: skip
        self.plot.say(self.why.text)

    def _row(self, row: tuple[str, str]) -> None:
        with Tag("li"):
            Tag("span", row[0])
            Tag("span", row[1])

    def _told(self, told: Told) -> tuple[str, str]:
        zone, what = self.visit.zone, told.what
        if isinstance(what, AlertEvent) and not what.unit:
            return day_moment(what.time_ms, zone), what.about
        if isinstance(what, AlertEvent):
            numbers = (
                f"{amount(what.observed, what.unit)}, limit {amount(what.expected, what.unit)}"
            )
            return day_moment(what.time_ms, zone), f"{_HAPPENED[what.state]} · {numbers}"
        said = f"{_DONE[what.act]} by {what.by}"
        if what.until_ms is not None:
            said += f" until {day_moment(what.until_ms, zone)}"
        return day_moment(what.at_ms, zone), said + (f": {what.note}" if what.note else "")
