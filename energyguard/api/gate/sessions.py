"""Page log-ins: a signed cookie that names a log-in, which is kept on the server.

A log-in ends where it is kept: by log-out, with its token, with its time, and with the secret, each
noticed by the next request, whichever process it comes to.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from itsdangerous import BadSignature, URLSafeSerializer

from energyguard.access.tokens import Tokens
from energyguard.durable.secret_file import secret_in
from energyguard.errors import Corrupt
from energyguard.model.access import Caller
from energyguard.telemetry import logger

COOKIE = "energyguard_login"
_SALT = "energyguard page log-in v2"
MAX_SIGNED = 10_000
"""Cookies whose signature is remembered."""

_logger = logger(__name__)


def secret_of(folder: Path) -> bytes:
    """The secret of a data folder, made on first use and readable by its owner only.

    Raises:
        Corrupt: the file is not whole.
    """
    return secret_in(
        folder / "secret.key", "remove it, and a new one is made; people log in again then"
    )


class LogIns:
    """Makes, reads and ends log-ins."""

    def __init__(self, folder: Path, tokens: Tokens, lasts_ms: int) -> None:
        """Begin.

        Args:
            folder: the data folder.
            tokens: where log-ins are kept.
            lasts_ms: how long one lasts.

        Raises:
            Corrupt: the folder's secret is not whole.
        """
        self._folder, self._tokens, self.lasts_ms = folder, tokens, lasts_ms
        self._seen: tuple[int, int, int] | None = None
        self._signed: dict[str, str] = {}  # cookies that the secret of now has signed, and whose
        self._signer = self._signing()

    def open(self, name: str, token: str = "", person: str = "", address: str = "") -> str:
        """The cookie's value for someone who has just shown who they are.

        Args:
            name: who.
            token: the hash of the token that was shown; empty: none was.
            person: the person, where it is one that is known by name; without token and person it
                is who is at the machine.
            address: from where.

        Raises:
            Corrupt: the folder's secret is not whole.
        """
        made = self._tokens.open_session(name, token, self.lasts_ms, person, address)
        return str(self._signing().dumps(made))

    def caller(self, cookie: str) -> Caller | None:
        """Who is logged in, with the role of now; None: nobody, or not any more."""
        session_id = self.id(cookie)
        return self._tokens.caller(session_id) if session_id else None

    def read(self, cookie: str) -> str | None:
        """The name of who is logged in; None: nobody, or not any more."""
        found = self.caller(cookie)
        return found.name if found else None

    def end(self, cookie: str) -> None:
        """Log out: the cookie is worth nothing from now on, whoever kept a copy."""
        if session_id := self.id(cookie):
            self._tokens.end_session(session_id)

    def id(self, cookie: str) -> str | None:
        """The log-in's id in a cookie; None: nobody signed it."""
        try:
            signer = self._signing()
            if (known := self._signed.get(cookie)) is not None:
                return known
            session_id = signer.loads(cookie)
        except BadSignature:
            return None
        except Corrupt as error:
            _logger.error("nobody is logged in", reason=str(error))
            return None
        if not isinstance(session_id, str):
            return None
        if len(self._signed) >= MAX_SIGNED:
            self._signed.clear()
        self._signed[cookie] = session_id
        return session_id

    def _signing(self) -> URLSafeSerializer:
        """The signer of the secret that the folder holds now."""
        try:
            status = (self._folder / "secret.key").stat()
            identity = (status.st_ino, status.st_mtime_ns, status.st_size)
        except FileNotFoundError:
            identity = None
        if identity is None or identity != self._seen:
            secret = secret_of(self._folder)
            self._signer = URLSafeSerializer(
                secret, _SALT, signer_kwargs={"digest_method": hashlib.sha256}
            )
            self._seen = identity
            self._signed.clear()
        return self._signer
