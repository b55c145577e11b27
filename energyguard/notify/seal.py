"""What only this data folder can read or make: addresses of routes, and links in messages.

Both go by ``notify.key`` in the data folder. Without it addresses have to be entered anew, and
links of old messages lead nowhere.
"""

from __future__ import annotations

import base64
import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from cryptography.fernet import Fernet, InvalidToken
from itsdangerous import BadData, URLSafeTimedSerializer

from energyguard.durable.secret_file import secret_in
from energyguard.errors import Corrupt, Unauthorized

KEY: Final = "notify.key"
LINK_S: Final = 7 * 86_400
"""How long a link in a message may be used."""
MAX_LINK: Final = 8_000
"""So many characters of a link browsers, mail and servers take."""
MAX_LINKED: Final = 200
"""So many alerts a link is for: an incident may have more, and they are answered on the page."""


class NotifySeal:
    """Encrypts and signs with the secret of a data folder.

    Args:
        folder: the data folder.

    Raises:
        Corrupt: its secret is not whole.
    """

    def __init__(self, folder: Path) -> None:
        lost = "put its backup back, or remove it and enter the addresses of all routes anew"
        self._path = folder / KEY
        secret = secret_in(self._path, lost)
        self._fernet = Fernet(base64.urlsafe_b64encode(secret))
        self._signer = URLSafeTimedSerializer(secret, salt="links of messages")

    def close(self, text: str) -> str:
        """A text that nobody else can read."""
        return self._fernet.encrypt(text.encode()).decode()

    def open(self, sealed: str) -> str:
        """The text again.

        Raises:
            Corrupt: another data folder's secret closed it.
        """
        try:
            return self._fernet.decrypt(sealed.encode()).decode()
        except InvalidToken:
            raise Corrupt(
                f"{KEY} is not the one with which this address was kept: enter it anew"
            ) from None

    @contextmanager
    def held(self) -> Iterator[None]:
        """Let nobody else who goes by this data folder change routes while the block runs."""
        with self._path.open("rb") as key:
            fcntl.flock(key, fcntl.LOCK_EX)
            yield

    def link(self, route: str, *alerts: str) -> str:
        """What a message's links carry: which alerts they are about, and who got them.

        Of more than ``MAX_LINKED`` alerts the first: no link is longer than ``MAX_LINK``.
        """
        return str(self._signer.dumps([route, *alerts[:MAX_LINKED]]))

    def linked(self, token: str) -> tuple[str, list[str]]:
        """The route and the alerts of a link.

        Raises:
            Unauthorized: nobody here made it, or it is too old.
        """
        try:
            route, *alerts = self._signer.loads(token, max_age=LINK_S)
        except (BadData, ValueError, TypeError):
            raise Unauthorized("this link is not ours, or is older than a week") from None
        return str(route), [str(alert) for alert in alerts]
