"""What a browser says of a page that is opened: when it was drawn, and how much came."""

from __future__ import annotations

import re
import subprocess
from typing import Any, Final

from playwright.sync_api import Page

WATCH: Final = """
window.seen = { painted: 0, charts: 0 };
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) window.seen.painted = entry.startTime;
}).observe({ type: "largest-contentful-paint", buffered: true });
let first = null;  // the charts that the page came with; what is drawn anew later does not count
new MutationObserver(() => {
  first ??= document.querySelector(".plot") && new Set(document.querySelectorAll(".plot"));
  for (const plot of first ?? []) {
    if (!plot.querySelector("svg")) continue;
    first.delete(plot);
    requestAnimationFrame(() => (window.seen.charts = performance.now()));
  }
}).observe(document, {
  subtree: true, childList: true, attributes: true, attributeFilter: ["class"],
});
"""
"""Runs before anything else: remembers the largest paint, and when each chart was first there."""

DRAWN: Final = """() => ({ ...window.seen,
  undrawn: [...document.querySelectorAll(".plot.waiting")]
    .filter((plot) => plot.checkVisibility()).length })"""


class Traffic:
    """Bytes that a page receives.

    Attributes:
        http_bytes: of requests, as they came over the wire, with their heads.
        frame_bytes: of the live connection, as the page reads them: before compression.
    """

    def __init__(self, page: Page) -> None:
        self.http_bytes = self.frame_bytes = 0
        session = page.context.new_cdp_session(page)
        session.send("Network.enable")
        session.on("Network.loadingFinished", self._loaded)
        session.on("Network.webSocketFrameReceived", self._frame)

    def _loaded(self, event: dict[str, Any]) -> None:
        self.http_bytes += int(event["encodedDataLength"])

    def _frame(self, event: dict[str, Any]) -> None:
        self.frame_bytes += len(event["response"]["payloadData"].encode())


def sent_bytes(port: int) -> int:
    """What the server has sent on the connections that are open, by the kernel's count (Linux)."""
    command = ["ss", "-tinH", "state", "established", f"sport = :{port}"]
    seen = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return sum(map(int, re.findall(r"\bbytes_sent:(\d+)", seen)))
