"""A page as plain HTML: what is in it is seen while its scripts are still being compiled.

A view is made of hundreds of plain elements and a few charts, so its numbers need no script to be
seen. ``static/still.js`` takes the picture away in the frame in which the page itself is there, and
passes on what was pressed or had the keyboard meanwhile; ``plots/still.js`` draws its charts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import Final

from nicegui import json
from nicegui.element import Element

from energyguard.page.elements.plots import Plot

WRAPPERS: Final = {
    "q-layout": ("div", "q-layout q-layout--standard"),
    "q-page-container": ("div", "q-page-container"),
    "q-page": ("main", "q-page"),
}
"""What the framework makes of the elements around a view: a tag and its classes."""
CHILDLESS: Final = ("br", "hr", "img", "input")
"""Elements that have no end."""
PASSED_ON: Final = ("a", "button", "input", "select", "summary", "textarea")
"""Elements that may have the keyboard: they have the page's own ids."""
UNSEEN: Final = ("datalist",)
"""Elements that are long, and seen only when somebody types."""


def still_html(layout: Element) -> str:
    """All of a page that is seen without a script.

    Args:
        layout: the page's outermost element.
    """
    return f'<div id="still">{"".join(_parts(layout))}</div>'


def _parts(element: Element) -> Iterator[str]:
    if isinstance(element, Plot):
        yield _chart(element)
    elif element.tag in WRAPPERS:
        tag, classes = WRAPPERS[element.tag]
        yield from _native(element, tag, [*classes.split(), *element.classes])
    elif element.component is None and "-" not in element.tag:
        if element.tag not in UNSEEN:
            yield from _native(element, element.tag, element.classes)
    elif element.classes:  # the box that its looks make; what is in it takes a script
        yield f"<div{_attributes(element, element.classes, {})}></div>"


def _native(element: Element, tag: str, classes: list[str]) -> Iterator[str]:
    props = dict(element.props)
    inner = props.pop("innerHTML", None)
    if tag in PASSED_ON:
        props.setdefault("id", element.html_id)
    yield f"<{tag}{_attributes(element, classes, props)}>"
    if tag in CHILDLESS:
        return
    if inner is not None:
        yield inner.replace("<script", "&lt;script")  # none runs when the framework sets it, either
    yield escape(element._text or "", quote=False)
    for child in element.default_slot.children:
        yield from _parts(child)
    yield f"</{tag}>"


def _chart(plot: Plot) -> str:
    props = plot.props
    is_read, role = props["keys"], "img"
    if props["links"] or is_read:
        role = "group" if props["links"] else "application"
    attributes = {"role": role, "aria-label": props["label"], "data-plot": _data(plot)}
    height = props["height"] or 60
    return (
        f"<figure{_attributes(plot, ['plot', 'waiting', *plot.classes], attributes)}"
        f' style="min-height:{height}px"></figure>'
    )


def _data(plot: Plot) -> str:
    """What a chart is drawn from; empty: nothing is known of it yet."""
    names = ("kind", "height", "ground", "links", "none")
    start = plot.props.get("start")
    known = {name: plot.props[name] for name in names} | {"start": start}
    return json.dumps(known) if start is not None else ""


def _attributes(element: Element, classes: list[str], props: Mapping[str, object]) -> str:
    """As the framework writes them: what is absent or false is not there, but of ``aria-``."""
    named = {"class": " ".join(classes)}
    if element.style:
        named["style"] = "".join(f"{name}:{value};" for name, value in element.style.items())
    for name, value in props.items():
        if isinstance(value, bool):
            if value or name.startswith(("aria-", "data-")):
                named[name] = str(value).lower()
        elif isinstance(value, str | int) and name[0] not in ":_":
            named[name.removeprefix("^")] = str(value)
    return "".join(
        f" {name}='{_quoted(value)}'" for name, value in named.items() if value or name != "class"
    )


def _quoted(value: str) -> str:
    """In single quotes: data of charts is full of double ones."""
    return value.replace("&", "&amp;").replace("<", "&lt;").replace("'", "&#39;")
