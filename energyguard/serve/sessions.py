"""Page log-ins: a signed cookie that says who, since which token, and until when."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
from pathlib import Path

from energyguard.clock import Clock
from energyguard.serve.tokens import Tokens

COOKIE = "energyguard_login"
BY_LINK = "owner"
"""Who logged in by a one-time link: the person at the machine."""
_SALT = b"energyguard page log-in v1"


def secret_of(folder: Path) -> bytes:
    """The secret of a data folder, made on first use and readable by its owner only."""
    path = folder / "secret.key"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_bytes()
    with os.fdopen(handle, "wb") as file:
        file.write(secrets.token_bytes(32))
        file.flush()
        os.fsync(file.fileno())
    return path.read_bytes()


class Sessions:
    """Makes and reads the cookie."""

    def __init__(self, secret: bytes, tokens: Tokens, lasts_ms: int, clock: Clock) -> None:
        self._key = hashlib.sha256(_SALT + secret).digest()
        self._tokens, self._clock = tokens, clock
        self.lasts_ms = lasts_ms

    def open(self, name: str) -> str:
        """The cookie's value for someone who has just shown who they are."""
        token = self._tokens.named(name)
        until_ms = self._clock.now_ms() + self.lasts_ms
        told = f"{_words(name)}.{token.hash[:16] if token else '-'}.{until_ms}"
        return f"{told}.{self._sign(told)}"

    def read(self, cookie: str) -> str | None:
        """Who is logged in; None: nobody, or not any more."""
        told, _, signature = cookie.rpartition(".")
        if not hmac.compare_digest(self._sign(told).encode(), signature.encode()):
            return None
        words, since, until_ms = told.split(".")
        name = base64.urlsafe_b64decode(words).decode()
        if int(until_ms) <= self._clock.now_ms():
            return None
        token = self._tokens.named(name)
        if since != "-" and (token is None or not token.hash.startswith(since)):
            return None  # revoked
        return name

    def _sign(self, told: str) -> str:
        return hmac.new(self._key, told.encode(), hashlib.sha256).hexdigest()


def _words(name: str) -> str:
    return base64.urlsafe_b64encode(name.encode()).decode()
