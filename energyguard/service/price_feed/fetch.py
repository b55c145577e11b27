"""One answer of an address on the web, with its limits: which address, how long, how large.

A name is looked up once and that address is connected to, so that a name which leads inside the
network is refused however often it changes. A token is sent to the address of the settings alone,
wherever that leads on, and stands in no message.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import httpx

from energyguard.errors import Faulty, Unavailable
from energyguard.ports.outside import Address, addresses_of, is_outside

TIMEOUT_S: Final = 20.0
MAX_BYTES: Final = 8_000_000
MAX_REDIRECTS: Final = 3
MAX_RETRY_S: Final = 24 * 3_600.0


class PriceRequest(NamedTuple):
    """What is asked of an address: a query of GraphQL, by POST; and as whom."""

    query: str = ""
    token: str = ""


PLAIN: Final = PriceRequest()


def fetch(url: str, wanted: PriceRequest = PLAIN, *, inside: bool = False) -> bytes:
    """The body of an address.

    Args:
        url: http or https.
        wanted: by POST where there is a query.
        inside: whether it may be inside the network.

    Raises:
        Faulty: it may not be asked, or says that there is nothing of this name, or a token would
            be sent for all to read.
        Unavailable: it cannot be reached now, or does not answer as it should; with what it says
            of when to come again.
    """
    with httpx.Client(timeout=TIMEOUT_S, trust_env=False) as client:
        at = first = httpx.URL(url)
        if wanted.token and at.scheme != "https" and not inside:
            raise Faulty(f"{url}: a token is sent by https only")
        for _ in range(MAX_REDIRECTS + 1):
            answer = _answer(client, at, wanted, inside)
            if not answer.is_redirect:
                return answer.content
            at = at.join(answer.headers.get("location", ""))
            if (at.scheme, at.netloc) != (first.scheme, first.netloc):
                wanted = wanted._replace(token="")
    raise Faulty(f"{url}: leads on more than {MAX_REDIRECTS} times")


def _answer(
    client: httpx.Client, url: httpx.URL, wanted: PriceRequest, inside: bool
) -> httpx.Response:
    if url.scheme not in ("http", "https"):
        raise Faulty(f"{url}: is neither http nor https")
    address = _looked_up(url, inside)
    headers = {"Host": url.netloc.decode(), "Accept": "application/json, text/csv"}
    if wanted.token:
        headers["Authorization"] = f"Bearer {wanted.token}"
    request = client.build_request(
        "POST" if wanted.query else "GET",
        url.copy_with(host=str(address)),
        json={"query": wanted.query} if wanted.query else None,
        headers=headers,
        extensions={"sni_hostname": url.host},
    )
    try:
        answer = client.send(request, stream=True)
        try:
            size, parts = 0, list[bytes]()
            for part in answer.iter_bytes():
                parts.append(part)
                size += len(part)
                if size > MAX_BYTES:
                    raise Faulty(f"{url}: answers more than {MAX_BYTES:,} bytes")
        finally:
            answer.close()
    except httpx.HTTPError as error:
        raise Unavailable(f"{url}: {str(error) or type(error).__name__}") from error
    return _checked(url, httpx.Response(answer.status_code, headers=_kept(answer)), b"".join(parts))


def _kept(answer: httpx.Response) -> dict[str, str]:
    names = ("location", "retry-after")
    return {name: answer.headers[name] for name in names if name in answer.headers}


def _checked(url: httpx.URL, answer: httpx.Response, body: bytes) -> httpx.Response:
    status = answer.status_code
    if answer.is_success or answer.is_redirect:
        return httpx.Response(status, headers=answer.headers, content=body)
    if status in (408, 425, 429) or status >= 500:
        wait = answer.headers.get("retry-after", "")
        retry_s = min(float(wait), MAX_RETRY_S) if wait.isdecimal() else 0.0
        raise Unavailable(f"{url}: answers {status}", retry_after=retry_s)
    raise Faulty(f"{url}: answers {status}")


def _looked_up(url: httpx.URL, inside: bool) -> Address:
    """The address of a name.

    Raises:
        Faulty: one of its addresses is inside the network, and none may be.
        Unavailable: the name is not known now.
    """
    port = url.port or (443 if url.scheme == "https" else 80)
    try:
        addresses = addresses_of(url.host, port)
    except Unavailable as error:
        raise Unavailable(f"{url}: {error}") from error
    if not inside and not all(is_outside(address) for address in addresses):
        raise Faulty(
            f"{url}: {url.host} is inside the network ({addresses[0]}); where that is meant, set "
            "prices.inside=true"
        )
    return addresses[0]
