"""How soon each view is drawn, how much it sends, and what those who look cost.

    python -m benchmarks.page                        # an `up` of its own: two minutes in all
    python -m benchmarks.page --views home,explore --runs 5
    python -m benchmarks.page --viewers 0            # without those who stay
    python -m benchmarks.page --runs 5 --live 8 --warm 90 --seconds 60 --within 1800
    python -m benchmarks.page --at http://127.0.0.1:8400 --viewers 0   # of a running `up --no-auth`
    python -m benchmarks.page --at OLD --at NEW --runs 5 --live 0      # two `serve`, in turn

Opens each view in Chromium with an empty cache, over loopback, behind the log-in, and prints the
median of the runs: bytes that came, when the largest content was painted, when the last chart was
there, processor time of ``serve`` for it (of a second, with what it does anyway). Of those that
change by themselves it prints of the first run what came a second afterwards: over the wire by the
kernel's count, and before the connection's compression. Then many viewers stay for a while. After
``--within`` seconds of views it opens no further one, and says what it has. Needs ``ss``
(iproute2).
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from itertools import product
from pathlib import Path
from statistics import median
from typing import NamedTuple
from urllib.parse import urlsplit

import psutil
from playwright.sync_api import Browser, BrowserContext, Page, StorageState, sync_playwright

from benchmarks.page_watch import DRAWN, WATCH, Traffic, sent_bytes

VIEWS = {
    "home": "/",
    "alerts": "/alerts",
    "explore": "/explore",
    "explore of two": "/explore?of=device/H001,device/H002&span=today",
    "sites": "/sites",
    "site": "/sites/building",
    "device": "/devices/H001",
    "devices": "/devices",
    "households": "/households",
    "building": "/building",
    "stations": "/stations",
    "station": "/stations?station=Old Mill",
    "charger": "/devices/charger:default/charger-0",
    "regions": "/regions",
    "thermometer": "/thermometer",
    "explain": "/explain?of=device/H001&span=today",
    "tariffs": "/tariffs",
    "data": "/data",
    "rules": "/rules",
    "add": "/add",
    "people": "/people",
    "notifications": "/notifications",
    "backups": "/backups",
    "settings": "/me",
    "wall": "/wall",
}
SOMETIMES = ("regions",)
"""Not of an `up` as it is by itself."""
WATCHED = ("/", "/alerts", "/explore")
LIVE = ("home", "households", "building", "stations", "device", "wall")
SETTLED_MS = 1_000
RUNS, LIVE_S, WARM_S, WATCHED_S, WITHIN_S = 2, 3.0, 20.0, 5.0, 95.0
LINK = re.compile(r"http\S+")
SIZE = {"width": 1440, "height": 900}


class Opened(NamedTuple):
    """A view that was opened once."""

    sent_kb: float
    painted_ms: float
    charts_ms: float
    serve_ms: float
    live_kb_s: float | None  # over the wire; None: nobody looked
    plain_kb_s: float | None  # the same before the connection's compression
    undrawn: int

    @property
    def drawn_ms(self) -> float:
        """When all of it was there."""
        return max(self.painted_ms, self.charts_ms)


class Served(NamedTuple):
    """A page that can be opened, and the process that serves it."""

    base: str
    serve: psutil.Process
    state: StorageState


@contextmanager
def everything(warm_s: float) -> Iterator[tuple[str, psutil.Process]]:
    """``up`` with its demonstrations: the log-in link, and the process that serves."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "energyguard", "up", "--data-dir", folder]
        for setting in ("history.port=0", "serve.port=0"):
            command += ["--set", setting]
        with (Path(folder) / "up.log").open("w") as log:
            up = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
        try:
            assert up.stdout is not None
            link = next((found for line in up.stdout if (found := LINK.search(line))), None)
            if link is None:
                raise SystemExit((Path(folder) / "up.log").read_text())
            time.sleep(warm_s)
            children = psutil.Process(up.pid).children()
            yield link[0], next(c for c in children if "serve" in c.cmdline())
        finally:
            up.terminate()
            up.wait(60)


def listening_at(address: str) -> psutil.Process:
    """The process of this machine that serves an address."""
    port = urlsplit(address).port or 80
    found = (
        c.pid
        for c in psutil.net_connections("tcp")
        if c.status == psutil.CONN_LISTEN and c.laddr.port == port
    )
    pid = next(found, None)
    if pid is None:
        raise SystemExit(f"{address}: nothing of this machine serves it")
    return psutil.Process(pid)


def log_in(browser: Browser, link: str, serve: psutil.Process) -> Served:
    """Use a log-in link, and keep what the browser got for it."""
    first = browser.new_context()
    first.new_page().goto(link)
    state = first.storage_state()
    first.close()
    return Served("{0.scheme}://{0.netloc}".format(urlsplit(link)), serve, state)


def cpu_s(process: psutil.Process) -> float:
    """Processor seconds so far."""
    times = process.cpu_times()
    return float(times.user + times.system)


def open_once(browser: Browser, served: Served, path: str, live_s: float) -> Opened:
    """Open a view with an empty cache."""
    address, serve = served.base + path, served.serve
    context = browser.new_context(viewport=SIZE, storage_state=served.state)  # type: ignore[arg-type]
    context.add_init_script(WATCH)
    page = context.new_page()
    traffic = Traffic(page)
    page.wait_for_timeout(SETTLED_MS)  # a window that opens takes a processor for half a second
    before = cpu_s(serve)
    page.goto(address)
    page.wait_for_timeout(SETTLED_MS)
    used, sent = cpu_s(serve) - before, traffic.http_bytes
    live = came(page, traffic, urlsplit(address).port or 80, live_s) if live_s else (None, None)
    seen = page.evaluate(DRAWN)
    context.close()
    return Opened(
        sent_kb=sent / 1e3,
        painted_ms=seen["painted"],
        charts_ms=seen["charts"],
        serve_ms=used * 1e3,
        live_kb_s=live[0],
        plain_kb_s=live[1],
        undrawn=seen["undrawn"],
    )


def came(page: Page, traffic: Traffic, port: int, seconds: float) -> tuple[float, float]:
    """What comes to an open page, in kB/s: over the wire, and before it was compressed."""
    wire, plain, at = sent_bytes(port), traffic.frame_bytes, time.perf_counter()
    page.wait_for_timeout(seconds * 1000)
    took = 1e3 * (time.perf_counter() - at)
    return (sent_bytes(port) - wire) / took, (traffic.frame_bytes - plain) / took


def each_view(
    browser: Browser, pages: Sequence[Served], views: list[str], runs: int, live_s: float,
    until_s: float,
) -> None:  # fmt: skip
    """Print a line for each view of each page, which are opened in turn until there is no time."""
    seen: dict[tuple[str, int], list[Opened]] = {
        (name, n): [] for name, n in product(views, range(len(pages)))
    }
    print(f"{'view':<15} sent kB  serve ms  live kB/s (plain)  painted  charts  drawn, ms (all)")
    for run, (name, n) in product(range(runs), seen):
        if time.monotonic() > until_s:
            print(f"no more time: {run} runs, and of the next one all before {name!r}")
            break
        stays_s = live_s if name in LIVE and run == 0 else 0.0
        seen[name, n].append(open_once(browser, pages[n], VIEWS[name], stays_s))
    for (name, n), found in seen.items():
        if found:
            print(line(name, found) + f"   {pages[n].base}" * (len(pages) > 1))


def line(name: str, found: Sequence[Opened]) -> str:
    """The medians of a view's runs."""
    sent, serving, painted, charts = (
        median(getattr(opened, column) for opened in found)
        for column in ("sent_kb", "serve_ms", "painted_ms", "charts_ms")
    )
    drawn, first, last = sorted(opened.drawn_ms for opened in found), found[0], found[-1]
    each = ", ".join(f"{ms:,.0f}" for ms in drawn)
    waiting = f"   {last.undrawn} charts wait" if last.undrawn else ""
    live = "" if first.live_kb_s is None else f"{first.live_kb_s:.2f} ({first.plain_kb_s:5.2f})"
    return (
        f"{name:<15} {sent:7,.0f} {serving:9,.0f} {live:>18}"
        f" {painted:8,.0f} {charts:7,.0f} {median(drawn):7,.0f} ({each}){waiting}"
    )


def share(serve: psutil.Process, seconds: float) -> float:
    """How much of a core a process takes, in percent."""
    before, at = cpu_s(serve), time.perf_counter()
    time.sleep(seconds)
    return 100 * (cpu_s(serve) - before) / (time.perf_counter() - at)


def looked_at(browser: Browser, served: Served, viewers: int, seconds: float) -> None:
    """Print what so many viewers cost who stay."""
    base, serve, state = served
    alone = share(serve, seconds)
    context: BrowserContext = browser.new_context(viewport=SIZE, storage_state=state)  # type: ignore[arg-type]
    for n in range(viewers):
        context.new_page().goto(base + WATCHED[n % len(WATCHED)])
    time.sleep(5)
    watched = share(serve, seconds)
    context.close()
    print(
        f"serve with {viewers} viewers {watched:.1f} % of a core, with none {alone:.1f}:"
        f" {watched - alone:.1f} % more"
    )


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    usual = (name for name in VIEWS if name not in SOMETIMES)
    parser.add_argument("--views", default=",".join(usual))
    parser.add_argument("--at", action="append", help="a page that is served already")
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--live", type=float, default=LIVE_S, help="seconds of live data a run")
    parser.add_argument("--warm", type=float, default=WARM_S)
    parser.add_argument("--viewers", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=WATCHED_S)
    parser.add_argument("--within", type=float, default=WITHIN_S, help="seconds for all views")
    given = parser.parse_args()
    started = nullcontext() if given.at else everything(given.warm)
    with started as of_its_own, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        links = [of_its_own] if of_its_own else [(at, listening_at(at)) for at in given.at]
        pages = [log_in(browser, link, serve) for link, serve in links]
        views = [name for name in given.views.split(",") if name]
        print(f"load of the machine {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores")
        until_s = time.monotonic() + given.within
        if given.runs:
            each_view(browser, pages, views, given.runs, given.live, until_s)
        if given.viewers:
            looked_at(browser, pages[0], given.viewers, given.seconds)
        print(f"load of the machine {os.getloadavg()[0]:.1f}")
        browser.close()


if __name__ == "__main__":
    main()
