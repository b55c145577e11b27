"""What axe finds on a page: every rule on all of it, the contrast on text of every appearance.

Four fifths of axe's time are the contrast of one text after the other. What decides it is computed
by the browser: the text's own colour and size, and all that it stands on. So of texts that look
the same, the first and the last are enough, or all in `make test-all`.
"""

from __future__ import annotations

from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

from tests.thorough import THOROUGH

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]
RULES: dict[str, Any] = {
    "runOnly": TAGS,
    "preload": False,  # of media, of which the page has none
    "resultTypes": ["violations"],  # else it tells of every element that is as it should be
}
OF_EACH = 2
RUN = """async ([rules, ofEach]) => {
  const numbers = new Map(), grounds = new Map(), groups = new Map();
  const numbered = (words) => numbers.get(words) ?? numbers.set(words, numbers.size + 1).size;
  const drawn = (el, pseudo) => {
    const css = getComputedStyle(el, pseudo);
    if (pseudo && css.content === "none") return "";
    return [css.backgroundColor, css.backgroundImage, css.opacity, css.filter, css.mixBlendMode,
      css.position === "static" ? "" : css.position].join();
  };
  const groundOf = (el) => {
    if (!el) return 0;
    if (!grounds.has(el)) {
      const own = [drawn(el), drawn(el, "::before"), drawn(el, "::after")].join();
      grounds.set(el, numbered(`${groundOf(el.parentElement)} ${own}`));
    }
    return grounds.get(el);
  };
  const off = (el) => !!el.closest("[aria-disabled=true], :disabled")
    || !!el.closest("label")?.control?.disabled;
  const words = (el) => [...el.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE)
    .map((node) => node.data.trim()).join("");
  for (const el of document.body.querySelectorAll("*")) {
    const text = words(el) || (el.matches("input, select, textarea") ? "field" : "");
    if (!text || el.matches("script, style, template") || !el.checkVisibility()) continue;
    const css = getComputedStyle(el);
    const look = [groundOf(el), css.color, css.fill, css.fontSize, css.fontWeight, css.textShadow,
      text.length > 1, off(el), el.namespaceURI, el.type].join();
    groups.set(look, [...groups.get(look) ?? [], el]);
  }
  const some = (alike) => [...alike.slice(0, ofEach - 1), ...alike.slice(1 - ofEach)];
  const contrast = "color-contrast", texts = [...new Set([...groups.values()].flatMap(some))];
  const runs = [await axe.run({ ...rules, rules: { [contrast]: { enabled: false } } })];
  if (texts.length)
    runs.push(await axe.run({ include: texts }, { ...rules, runOnly: [contrast] }));
  return runs.flatMap((run) => run.violations)
    .map((rule) => [rule.id, rule.nodes.map((node) => node.html)]);
}"""


def violations(page: Page) -> list[tuple[str, list[str]]]:
    """What axe finds: rules, with the elements that break them. It is read once by each page."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    found = page.evaluate(RUN, [RULES, 1_000_000 if THOROUGH else OF_EACH])
    return [(rule, nodes) for rule, nodes in found]
