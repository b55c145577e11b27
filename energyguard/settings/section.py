"""What parts of the settings tree are made of: a frozen section, and text that is checked."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict

from energyguard.model.quantities import parse_duration


def _checked(text: str) -> str:
    parse_duration(text)
    return text


def known_zone(name: str) -> str:
    """A time zone's name.

    Raises:
        ValueError: there is none of this name; the message may have one that is near.
    """
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        near = get_close_matches(name, available_timezones(), 1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise ValueError(f"no time zone of this name, such as Europe/Berlin{hint}") from None
    return name


Duration = Annotated[str, AfterValidator(_checked)]
Zone = Annotated[str, AfterValidator(known_zone)]


class Section(BaseModel):
    """A part of the tree: frozen, and strict about names."""

    model_config = ConfigDict(frozen=True, extra="forbid")
