"""Pages that stand without the control room: log-in, invitation, a fault. One look for all."""

from __future__ import annotations

from importlib.resources import files
from string import Template

_FOLDER = files(__package__)
_STYLE = _FOLDER.joinpath("bare_page.css").read_text("utf-8")


class BarePage:
    """A page of this folder: an HTML file with places for texts.

    Args:
        name: the file's, without its ending.
    """

    def __init__(self, name: str) -> None:
        self._page = Template(_FOLDER.joinpath(f"{name}.html").read_text("utf-8"))

    def filled(self, **texts: str) -> str:
        """The page with its texts, which are HTML already."""
        return self._page.substitute(style=_STYLE, **texts)
