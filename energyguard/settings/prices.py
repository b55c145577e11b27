"""Settings of dynamic prices that are fetched."""

from __future__ import annotations

from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

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
    token_files: dict[str, str] = Field(
        {},
        description="By list: a file with the token that its source asks for, sent as "
        "`Authorization: Bearer`; `home=/etc/energyguard/tibber.token`. It is read anew each time.",
    )
    queries: dict[str, str] = Field(
        {},
        description="By list: a query of GraphQL, with which its source is asked by POST. "
        "Tibber's address needs none to be said.",
    )
    every: Duration = Field("1h", description="How often each is fetched.")
    inside: bool = Field(
        False,
        description="True: an address may be inside the network (loopback, 10.…, 192.168.…), and "
        "asked with a token by http. Otherwise only what all the world reaches is fetched.",
    )

    @model_validator(mode="after")
    def _of_sources(self) -> Self:
        for list_id in (*self.token_files, *self.queries):
            if list_id not in self.sources:
                raise ValueError(f"{list_id!r} is no list of prices.sources")
        return self
