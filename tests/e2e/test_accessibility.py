"""What axe is shown of a page is enough: one text that cannot be read is found among its like."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from tests.e2e.accessibility import violations
from tests.e2e.windows import IN_A_BROWSER

pytestmark = IN_A_BROWSER
PAGE = """<!doctype html><html lang="en"><title>Rows</title><main><h1>Rows</h1>
<style>.dim {{ color: #ccc }} .on {{ background: #333 }} .old {{ opacity: .2 }}</style>
<table>{rows}</table></main></html>"""
ROWS = 60
PALE = {
    "its own colour": '<span class="dim">pale</span>',
    "what it stands on": '<span class="on"><span>pale</span></span>',
    "what is seen through": '<span class="old"><span>pale</span></span>',
}


@pytest.mark.parametrize("why", PALE)
def test_a_pale_text_is_found_among_many(browser: Browser, why: str) -> None:
    rows = [f"<tr><td>row <span>{number}</span></td></tr>" for number in range(ROWS)]
    rows[ROWS // 3] = f"<tr><td>row {PALE[why]}</td></tr>"
    with browser.new_page() as page:
        page.set_content(PAGE.format(rows="".join(rows)))
        ((rule, nodes),) = violations(page)
    assert rule == "color-contrast"
    assert [">pale<" in node for node in nodes] == [True]


def test_every_other_rule_looks_at_all(browser: Browser) -> None:
    rows = [f"<tr><td><span>{number}</span></td></tr>" for number in range(ROWS)]
    rows[ROWS // 3] = "<tr><td><button></button></td></tr>"
    with browser.new_page() as page:
        page.set_content(PAGE.format(rows="".join(rows)))
        assert [rule for rule, _ in violations(page)] == ["button-name"]
