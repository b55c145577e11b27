"""Pages that stand without the control room: log-in, invitation, a fault. One look for all.

They speak the browser's language: who asks is not known yet.
"""

from __future__ import annotations

from importlib.resources import files
from string import Template

from starlette.datastructures import Headers
from starlette.types import Scope

from energyguard.page.words.language import current, reader_of, speak
from energyguard.records.preferences import Preferences

_FOLDER = files(__package__)
_STYLE = _FOLDER.joinpath("page.css").read_text("utf-8")
_FRAME = _FOLDER.joinpath("frame.html").read_text("utf-8")


class BarePage:
    """A page of this folder: what an HTML file with places for texts has, in the frame of all.

    Args:
        name: the file's, without its ending.
    """

    def __init__(self, name: str) -> None:
        body = _FOLDER.joinpath(f"{name}.html").read_text("utf-8")
        self._page = Template(_FRAME.replace("$body", body))

    def filled(self, title: str, **texts: str) -> str:
        """The page with its texts, which are HTML already.

        Args:
            title: of the window; a page may show it, too.
            texts: by the names of their places.
        """
        language = current().language
        return self._page.substitute(style=_STYLE, language=language, title=title, **texts)


def speak_as_preferred(scope: Scope) -> None:
    """Let what follows be in the language that a request's browser prefers."""
    speak(reader_of(Preferences(), Headers(scope=scope).get("accept-language", "")))
