"""A backtest as a page: figures, events, and the series with what was raised and what happened.

The page is one file: it loads nothing, runs no script, and follows the reader's light or dark.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from html import escape
from typing import Final
from zoneinfo import ZoneInfo

from energyguard.offline.backtest import Backtest, Row, event_rows, figure_rows, kind_rows
from energyguard.offline.backtest_chart import DrawnSeries, Mark, chart, series_of
from energyguard.offline.unusual import DescribedBy

MAX_DRAWN: Final = 24
"""So many devices are drawn: first those with the largest number of missed events and alerts."""
_STYLE: Final = """
:root { color-scheme: light dark; --ink: #1b1f24; --soft: #667; --paper: #fff; --line: #d8dce2;
  --series: #2f6fb0; --caught: #2e8b5740; --missed: #d6453d40; --alert: #c77700; --other: #7a52c7; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ee; --soft: #9aa3b0; --paper: #14171c;
  --line: #2c323b; --series: #6aa7e6; --alert: #f0a030; --other: #b193f0; } }
body { font: 15px/1.45 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  max-width: 1060px; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem } h2 { font-size: 1.1rem; margin-top: 2rem }
.scroll { overflow-x: auto } table { border-collapse: collapse; font-variant-numeric: tabular-nums }
th, td { text-align: right; padding: .25rem .7rem; border-bottom: 1px solid var(--line) }
th:first-child, td:first-child, td.text { text-align: left } .soft { color: var(--soft) }
svg { width: 100%; height: auto; display: block } .axis { font-size: 11px; fill: var(--soft) }
.axis.end { text-anchor: end } .series { fill: var(--series); stroke: var(--series);
  stroke-width: .7 } .caught { fill: var(--caught) } .missed { fill: var(--missed) }
.rule0 { fill: var(--alert) } .rule1 { fill: var(--other) }
.key { display: inline-block; width: .8em; height: .8em; margin: 0 .35em 0 1em }
"""


def backtest_page(found: Backtest, zone: str, described: DescribedBy) -> str:
    """The page.

    Args:
        found: what was tried.
        zone: an IANA time zone, of the times that are written.
        described: what is said of devices' channels of energy.
    """
    names = " against ".join(of.contender.name for of in found.tried)
    learned = f", after {found.learn_ms / 86_400_000:g} days of learning" if found.learn_ms else ""
    rules = "".join(
        f'<p><svg class="key" viewBox="0 0 1 1"><rect class="rule{n}" width="1" height="1"/></svg>'
        f"<b>{escape(of.contender.name)}</b> {escape(of.contender.text)}</p>"
        for n, of in enumerate(found.tried)
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{escape(names)}</title><style>{_STYLE}</style></head><body>"
        f"<h1>{escape(names)}</h1>"
        f'<p class="soft">{len(found.devices):,} devices, {found.weeks:,.1f} device-weeks'
        f"{learned}; times are of {escape(zone)}.</p>{rules}"
        f"{_table('Figures', figure_rows(found), zone)}{_table('Kinds', kind_rows(found), zone)}"
        f"{_pictures(found, zone, described)}{_table('Events', event_rows(found), zone)}"
        "</body></html>"
    )


def _table(title: str, rows: Sequence[Row], zone: str) -> str:
    if not rows:
        return ""
    head = "".join(
        f"<th>{escape(name.replace('_min', ' (min)').replace('_', ' '))}</th>" for name in rows[0]
    )
    body = "".join(
        "<tr>" + "".join(_cell(value, zone) for value in row.values()) + "</tr>" for row in rows
    )
    return (
        f'<h2>{title}</h2><div class="scroll"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def _cell(value: str | float | datetime | None, zone: str) -> str:
    if value is None:
        return "<td>–</td>"
    if isinstance(value, datetime):
        return f"<td>{value.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}</td>"
    if isinstance(value, str):
        return f'<td class="text">{escape(value)}</td>'
    return f"<td>{value:,}</td>" if isinstance(value, int) else f"<td>{value:,.2f}</td>"


def _pictures(found: Backtest, zone: str, described: DescribedBy) -> str:
    """The series of the devices that most is to be seen of."""
    missed = [~of.all_notices.found for of in found.tried]
    weight = dict.fromkeys(found.devices, 0)
    for number, event in enumerate(found.events):
        weight[event.device] += 1 + 10 * sum(bool(of[number]) for of in missed)
    for of in found.tried:
        for alert in of.alerts:
            weight[alert.device] += 1
    ranked = sorted(found.devices, key=lambda device: (-weight[device], device))[:MAX_DRAWN]
    series = _series(found, ranked, described)
    parts = [
        f"<h3>{escape(device)}</h3>{_picture(found, device, series[device], zone)}"
        for device in ranked
        if device in series
    ]
    if not parts:
        return ""
    rest = len(found.devices) - len(parts)
    note = f" {rest:,} more devices are not drawn." if rest else ""
    return (
        "<h2>Series</h2><p class='soft'>Behind the line: events, "
        "<svg class='key' viewBox='0 0 1 1'><rect class='caught' width='1' height='1'/></svg>"
        "caught by a rule or <svg class='key' viewBox='0 0 1 1'><rect class='missed' width='1' "
        f"height='1'/></svg>missed by all; below it: alerts.{note}</p>{''.join(parts)}"
    )


def _series(
    found: Backtest, devices: Sequence[str], described: DescribedBy
) -> dict[str, DrawnSeries]:
    """What is drawn of devices, by what the first rule that is about each looks at."""
    spans = found.readings.spans
    mine = [device for device in devices if device in spans]
    if not mine:
        return {}
    span = min(spans[d][0] for d in mine), max(spans[d][1] for d in mine)
    of_channel: dict[str, list[str]] = {}
    for device in mine:
        looks = [of.contender.channel(found.readings, device) for of in found.tried]
        if channel := next(filter(None, looks), ""):
            of_channel.setdefault(channel, []).append(device)
    series: dict[str, DrawnSeries] = {}
    for channel, of in of_channel.items():
        series |= series_of(found.readings.part(of, channel), channel, span, described)
    return series


def _picture(found: Backtest, device: str, series: DrawnSeries, zone: str) -> str:
    place = ZoneInfo(zone)

    def moment(ms: int) -> str:
        return f"{datetime.fromtimestamp(ms / 1000, place):%Y-%m-%d %H:%M}"

    events = []
    for number, event in enumerate(found.events):
        if event.device == device:
            caught = any(of.all_notices.found[number] for of in found.tried)
            style = "caught" if caught else "missed"
            title = f"{event.kind}, {style}: {moment(event.start_ms)} to {moment(event.end_ms)}"
            events.append(Mark(event.start_ms, event.end_ms, style, title))
    lanes = [
        [
            Mark(
                alert.raised_ms, alert.ended_ms, f"rule{n}",
                f"{of.contender.name}: {moment(alert.raised_ms)} to {moment(alert.ended_ms)}",
            )
            for alert in of.alerts
            if alert.device == device
        ]
        for n, of in enumerate(found.tried)
    ]  # fmt: skip
    return chart(series, events, lanes, zone)
