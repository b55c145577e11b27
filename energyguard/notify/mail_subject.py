"""A mail's subject: whoever reads it sees it letter by letter as it was written.

The folding of ``email.policy`` leaves spaces between two encoded words outside of them, where all
who read mail drop them (RFC 2047, section 6.2). Here spaces are within the words.
"""

from __future__ import annotations

from email.header import Header
from email.policy import Policy
from typing import Final

_MAX_PLAIN_WORD: Final = 60
"""Between two spaces there may be so many letters; more than that could not be folded."""


class MailSubject(str):
    """A header as ``EmailMessage`` takes it: it has a name, and folds itself.

    Line ends in it, such as in a device's name, and other runs of blanks are one space.
    """

    name: Final = "Subject"

    def __new__(cls, text: str) -> MailSubject:
        """Of a text, which may have several lines."""
        return super().__new__(cls, " ".join(text.split()))

    def fold(self, *, policy: Policy) -> str:
        """The header's lines, with the line ends of a policy."""
        charset = "us-ascii" if self._is_plain() else "utf-8"
        lines = Header(self, charset, policy.max_line_length, self.name).encode(
            linesep=policy.linesep
        )
        return f"{self.name}: {lines}{policy.linesep}"

    def _is_plain(self) -> bool:
        """Whether it can stand there as it is, as filters of mail like it."""
        longest = max(map(len, self.split()), default=0)
        is_text = self.isascii() and self.isprintable() and "=?" not in self
        return is_text and longest <= _MAX_PLAIN_WORD
