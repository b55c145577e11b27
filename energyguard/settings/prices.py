"""Settings of dynamic prices that are fetched."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from energyguard.settings.section import Duration, Section


def _address(url: str) -> str:
    try:
        parts = urlsplit(url)
        is_one = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_one = False
    if not is_one:
        raise ValueError(f"{url!r} is no address; write https://api.energy-charts.info/price")
    return url


Address = Annotated[str, AfterValidator(_address)]


class PriceSettings(Section):
    """Dynamic prices that are fetched by HTTP (`prices`)."""

    sources: dict[str, Address] = Field(
        {},
        description="Lists of prices by their id, and from where each is fetched: "
        "`spot-de=https://api.energy-charts.info/price?bzn=DE-LU`. JSON of the usual forms, or "
        "CSV. Empty: none is fetched.",
    )
    every: Duration = Field("1h", description="How often each is fetched.")
    inside: bool = Field(
        False,
        description="True: an address may be inside the network (loopback, 10.…, 192.168.…). "
        "Otherwise only what all the world reaches is fetched.",
    )
