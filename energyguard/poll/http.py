"""One answer over HTTP: of which address, how long, how large, as whom.

Devices are inside the house, so any address may be asked that the file names. Where one leads on
to another host, that is not followed: whoever answers would choose what is asked, with our
password. A password is sent only when a device asks for one.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Generator
from functools import lru_cache
from pathlib import Path
from typing import Final

import httpx

from energyguard.errors import ConfigError, Malformed, NotFound, Unavailable
from energyguard.poll.source import PollAnswer, PollTarget

MAX_BYTES: Final = 2 * 2**20
MAX_REDIRECTS: Final = 3
_JSON: Final = {"Accept": "application/json"}


class HttpSource:
    """Asks a device over HTTP; kinds say what, and read the answers.

    Args:
        target: the device.

    Raises:
        ConfigError: its file of a password or of certificates cannot be read.
    """

    def __init__(self, target: PollTarget) -> None:
        self.target = target
        self._path, self._body = "", b""
        self.password = _password(target.password_file)
        self._client = httpx.AsyncClient(
            auth=_ChallengedAuth(target.user, self.password) if target.password_file else None,
            headers=_JSON,
            timeout=target.timeout_s,
            verify=_tls(target.ca_file),
            trust_env=False,
            limits=httpx.Limits(max_connections=1),
        )

    @property
    def original(self) -> bytes:
        """The body of the last answer."""
        return self._body

    async def ask(self) -> PollAnswer:
        """What the device says now."""
        raise NotImplementedError

    async def get(self, path: str) -> bytes:
        """The body of a path below the target's address.

        Raises:
            NotFound: the device has no such path.
            Unavailable: it does not answer, or not as it should.
            Malformed: the answer is too large.
        """
        url = httpx.URL(self.target.address + path)
        try:
            async with asyncio.timeout(self.target.timeout_s):
                for _ in range(MAX_REDIRECTS + 1):
                    answer = await self._answer(url)
                    if not answer.is_redirect:
                        self._body = answer.content
                        return answer.content
                    url = _led_on(url, answer.headers.get("location", ""))
        except TimeoutError:
            raise Unavailable(f"no answer in {self.target.timeout_s:g} s") from None
        except httpx.HTTPError as error:
            raise Unavailable(str(error) or type(error).__name__) from None
        except httpx.InvalidURL as error:
            raise Unavailable(f"it leads on to no address: {error}") from None
        raise Unavailable(f"it leads on more than {MAX_REDIRECTS} times")

    async def first_of(self, *paths: str) -> tuple[str, bytes]:
        """The first of some paths that the device has, and its body; known from then on.

        Raises:
            NotFound: it has none of them.
            Unavailable: as ``get``.
            Malformed: as ``get``.
        """
        for path in (self._path,) if self._path else paths:
            try:
                body = await self.get(path)
            except NotFound:
                continue
            self._path = path
            return path, body
        tried = " nor ".join(path.partition("?")[0] for path in paths)
        raise NotFound(f"it has no {tried}: is it the kind that the file says?")

    async def close(self) -> None:
        """Let go of the connection."""
        await self._client.aclose()

    async def _answer(self, url: httpx.URL) -> httpx.Response:
        async with self._client.stream("GET", url) as answer:
            if answer.status_code == 404:
                raise NotFound("answers 404: there is no such path")
            if answer.status_code in (401, 403):
                what = "the user or the password is wrong" if self.password else "it wants a user"
                raise Unavailable(f"answers {answer.status_code}: {what}")
            if not (answer.is_success or answer.is_redirect):
                raise Unavailable(f"answers {answer.status_code}")
            parts, size = list[bytes](), 0
            async for part in answer.aiter_bytes():
                parts.append(part)
                size += len(part)
                if size > MAX_BYTES:
                    raise Malformed(f"answers more than {MAX_BYTES:,} bytes", "message")
        return httpx.Response(answer.status_code, headers=_kept(answer), content=b"".join(parts))


class _ChallengedAuth(httpx.Auth):
    """A password as the device asks for it: by digest, or else plainly; only once it asks."""

    def __init__(self, user: str, password: str) -> None:
        self._user, self._password = user, password
        self._way: httpx.Auth | None = None

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """As ``httpx`` has it."""
        if self._way is None:
            answer = yield request
            if answer.status_code != 401:
                return
            challenge = answer.headers.get("www-authenticate", "").lower()
            by_digest = "digest" in challenge
            way = httpx.DigestAuth if by_digest else httpx.BasicAuth
            self._way = way(self._user, self._password)
        yield from self._way.auth_flow(request)


def _led_on(url: httpx.URL, location: str) -> httpx.URL:
    """Where an answer leads on to.

    Raises:
        Unavailable: to another host, or not to HTTP.
    """
    onwards = url.join(location)
    is_safe = onwards.scheme in ("http", "https") and not (url.scheme == "https" != onwards.scheme)
    if onwards.host != url.host or not is_safe:
        raise Unavailable(
            f"it leads on to {onwards.scheme}://{onwards.host}, which is not asked; "
            "name the right address"
        )
    return onwards


def _kept(answer: httpx.Response) -> dict[str, str]:
    return {"location": answer.headers["location"]} if "location" in answer.headers else {}


def _password(file: Path | None) -> str:
    if file is None:
        return ""
    try:
        return file.read_text("utf-8").strip()
    except OSError as error:
        raise ConfigError(f"password_file: {file}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"password_file: {file}: it is no text") from None


@lru_cache(maxsize=64)
def _tls(authority: Path | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=authority)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(f"ca_file: {authority}: {error}") from None
