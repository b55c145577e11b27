"""What fifty homes cost with one page open, and how soon the first alert is there.

    python -m benchmarks.idle --seconds 60

Starts `energyguard up` on a folder of its own, opens the overview in Chromium, waits for the first
alert on the page, then adds up the processor time of all of EnergyGuard's processes. Chromium's own
is not counted.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
import time

import psutil
from playwright.sync_api import sync_playwright

ALERT_MS = 60_000


def cpu_s(root: psutil.Process) -> dict[str, float]:
    """Processor seconds of a process and its children, by role."""
    used = {}
    for process in [root, *root.children(recursive=True)]:
        name = process.cmdline()[-1] if process.pid != root.pid else "up"
        used[name] = sum(process.cpu_times()[:2])
    return used


def main(seconds: float) -> None:
    """One run."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        start = time.perf_counter()
        command = [sys.executable, "-m", "energyguard", "up", "--data-dir", folder]
        for one in ("history.port=0", "serve.port=0"):
            command += ["--set", one]
        up = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        try:
            assert up.stdout is not None
            link = re.search(r"http\S+", up.stdout.readline())
            assert link is not None
            print(f"log-in link after {time.perf_counter() - start:5.1f} s")
            page = browser.new_page()
            page.goto(link[0])
            page.wait_for_selector("text=/passed 2.0 kWh/", timeout=ALERT_MS)
            print(f"first alert on the page after {time.perf_counter() - start:5.1f} s")
            time.sleep(20)
            root = psutil.Process(up.pid)
            before, at = cpu_s(root), time.perf_counter()
            time.sleep(seconds)
            took, after = time.perf_counter() - at, cpu_s(root)
            shares = {name: 100 * (after[name] - before[name]) / took for name in before}
            for name, share in shares.items():
                print(f"{name:<10} {share:5.1f} % of a core")
            print(f"{'together':<10} {sum(shares.values()):5.1f} % of a core, one page open")
        finally:
            browser.close()
            up.terminate()
            up.wait(60)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    main(parser.parse_args().seconds)
