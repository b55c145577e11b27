"""How soon each view is drawn, how much it sends, and what those who look cost.

    python -m benchmarks.page                        # an `up` of its own, warmed for 90 s
    python -m benchmarks.page --views home,explore --runs 3
    python -m benchmarks.page --viewers 0            # without the minute of 20 viewers

Opens each view in Chromium with an empty cache, over loopback, behind the log-in, and prints the
median of the runs: bytes that came, when the largest content was painted, when the last chart was
there, processor time of ``serve`` for it (of 1.5 s, with what it does anyway), and what came a
second afterwards: over the wire by the kernel's count, and before the connection's compression.
Then many viewers stay for a minute. Needs ``ss`` (iproute2).
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
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median
from typing import NamedTuple
from urllib.parse import urlsplit

import psutil
from playwright.sync_api import Browser, BrowserContext, StorageState, sync_playwright

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
    "thermometer": "/thermometer",
    "data": "/data",
    "rules": "/rules",
    "add": "/add",
    "people": "/people",
    "backups": "/backups",
    "settings": "/me",
    "wall": "/wall",
}
WATCHED = ("/", "/alerts", "/explore")
SETTLED_MS = 1_500
LIVE_S = 8
WARM_S = 90.0
SIZE = {"width": 1440, "height": 900}


class Opened(NamedTuple):
    """A view that was opened once."""

    sent_kb: float
    painted_ms: float
    charts_ms: float
    serve_ms: float
    live_kb_s: float  # over the wire
    plain_kb_s: float  # the same before the connection's compression
    undrawn: int

    @property
    def drawn_ms(self) -> float:
        """When all of it was there."""
        return max(self.painted_ms, self.charts_ms)


@contextmanager
def everything(warm_s: float) -> Iterator[tuple[str, psutil.Process]]:
    """``up`` with its demonstrations: the log-in link, and the process that serves."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "energyguard", "up", "--data-dir", folder]
        for setting in ("history.port=0", "serve.port=0"):
            command += ["--set", setting]
        up = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        try:
            assert up.stdout is not None
            link = re.search(r"http\S+", up.stdout.readline())
            assert link is not None
            time.sleep(warm_s)
            children = psutil.Process(up.pid).children()
            yield link[0], next(c for c in children if "serve" in c.cmdline())
        finally:
            up.terminate()
            up.wait(60)


def cpu_s(process: psutil.Process) -> float:
    """Processor seconds so far."""
    times = process.cpu_times()
    return float(times.user + times.system)


def open_once(
    browser: Browser, state: StorageState, address: str, serve: psutil.Process, live_s: float
) -> Opened:
    """Open a view with an empty cache."""
    context = browser.new_context(viewport=SIZE, storage_state=state)  # type: ignore[arg-type]
    context.add_init_script(WATCH)
    page = context.new_page()
    traffic = Traffic(page)
    before = cpu_s(serve)
    page.goto(address)
    page.wait_for_timeout(SETTLED_MS)
    used, sent = cpu_s(serve) - before, traffic.http_bytes
    port = urlsplit(address).port or 80
    wire, plain, at = sent_bytes(port), traffic.frame_bytes, time.perf_counter()
    page.wait_for_timeout(live_s * 1000)
    took = 1e3 * (time.perf_counter() - at)
    wire, plain = sent_bytes(port) - wire, traffic.frame_bytes - plain
    seen = page.evaluate(DRAWN)
    context.close()
    return Opened(
        sent_kb=sent / 1e3,
        painted_ms=seen["painted"],
        charts_ms=seen["charts"],
        serve_ms=used * 1e3,
        live_kb_s=wire / took,
        plain_kb_s=plain / took,
        undrawn=seen["undrawn"],
    )


def each_view(
    browser: Browser, state: StorageState, base: str, serve: psutil.Process,
    views: list[str], runs: int, live_s: float,
) -> None:  # fmt: skip
    """Print a line for each view; the runs go through all views in turn."""
    seen: dict[str, list[Opened]] = {name: [] for name in views}
    for _ in range(runs):
        for name in views:
            seen[name].append(open_once(browser, state, base + VIEWS[name], serve, live_s))
    print(f"{'view':<15} sent kB  serve ms  live kB/s (plain)  painted  charts  drawn, ms (all)")
    for name, found in seen.items():
        middle = [median(values) for values in zip(*found, strict=True)]
        drawn = sorted(one.drawn_ms for one in found)
        sent, painted, charts, serving, live, plain, _ = middle
        each = ", ".join(f"{ms:,.0f}" for ms in drawn)
        waiting = f"   {found[-1].undrawn} charts wait" if found[-1].undrawn else ""
        print(
            f"{name:<15} {sent:7,.0f} {serving:9,.0f} {live:10.2f} ({plain:5.2f})"
            f" {painted:8,.0f} {charts:7,.0f} {median(drawn):7,.0f} ({each}){waiting}"
        )


def share(serve: psutil.Process, seconds: float) -> float:
    """How much of a core a process takes, in percent."""
    before, at = cpu_s(serve), time.perf_counter()
    time.sleep(seconds)
    return 100 * (cpu_s(serve) - before) / (time.perf_counter() - at)


def looked_at(
    browser: Browser, state: StorageState, base: str, serve: psutil.Process,
    viewers: int, seconds: float,
) -> None:  # fmt: skip
    """Print what so many viewers cost who stay."""
    alone = share(serve, seconds)
    context: BrowserContext = browser.new_context(viewport=SIZE, storage_state=state)  # type: ignore[arg-type]
    for n in range(viewers):
        context.new_page().goto(base + WATCHED[n % len(WATCHED)])
    time.sleep(10)
    watched = share(serve, seconds)
    context.close()
    print(
        f"serve with {viewers} viewers {watched:.1f} % of a core, with none {alone:.1f}:"
        f" {watched - alone:.1f} % more"
    )


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--views", default=",".join(VIEWS))
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--live", type=float, default=LIVE_S, help="seconds of live data a run")
    parser.add_argument("--warm", type=float, default=WARM_S)
    parser.add_argument("--viewers", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=60)
    given = parser.parse_args()
    with everything(given.warm) as (link, serve), sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        first = browser.new_context()
        first.new_page().goto(link)
        state = first.storage_state()
        first.close()
        base = "{0.scheme}://{0.netloc}".format(urlsplit(link))
        views = [name for name in given.views.split(",") if name]
        print(f"load of the machine {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores")
        if given.runs:
            each_view(browser, state, base, serve, views, given.runs, given.live)
        if given.viewers:
            looked_at(browser, state, base, serve, given.viewers, given.seconds)
        print(f"load of the machine {os.getloadavg()[0]:.1f}")
        browser.close()


if __name__ == "__main__":
    main()
