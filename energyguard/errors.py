"""Every error that EnergyGuard raises on purpose.

EnergyGuardError
├── ConfigError          exit 2            settings or rules that cannot be used; lists every fault
├── Rejected             exit 3, 422       the input's fault; carries the reason and the field
│   ├── Malformed                          it cannot be read
│   │   └── Faulty                          in several places; ``faults`` has each
│   └── OutOfRange                         it can be read, and cannot be true
├── NotFound             exit 4, 404       no such device, alert, rule, topic
├── Unauthorized         exit 5, 401       no token, or one that is unknown or revoked
├── Forbidden            exit 5, 403       known or not, this may not be done by them, or from there
├── Conflict             exit 6, 409       a stale generation, an id used with another body
│   └── Fenced                             another member owns the partition now
├── BehindRetention      exit 7, 410       the records asked for were deleted by retention
├── Unavailable          exit 8, 503       a part is not there now; ``retry_after`` seconds
│   ├── Overloaded       exit 8, 429       too much at once; nothing was taken
│   ├── DiskFull         exit 8, 507       no room; nothing was taken, nothing was damaged
│   └── TimedOut         exit 8, 504       no answer in time; the same again takes as long
└── Corrupt              exit 1, 500       a checksum did not hold; names the file
"""

from __future__ import annotations


class EnergyGuardError(Exception):
    """The root of the tree. ``exit_code`` is the CLI's, ``status`` the HTTP API's."""

    exit_code = 1
    status = 500

    @property
    def code(self) -> str:
        """The error's name in JSON answers: ``Unavailable`` becomes ``unavailable``."""
        name = type(self).__name__
        return "".join("-" + c.lower() if c.isupper() else c for c in name).lstrip("-")


class ConfigError(EnergyGuardError):
    """Settings or rules that cannot be used. ``faults`` lists every one, with its place."""

    exit_code = 2
    status = 422

    def __init__(self, *faults: str) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


class Rejected(EnergyGuardError):
    """Input that cannot be taken. ``field`` names the part at fault, where there is one."""

    exit_code = 3
    status = 422

    def __init__(self, reason: str, field: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.field = field


class Malformed(Rejected):
    """Input that cannot be read."""


class Faulty(Malformed):
    """Input that is wrong in some places: ``faults`` has every one, with its place."""

    def __init__(self, *faults: str, field: str | None = None) -> None:
        super().__init__("\n".join(faults), field)
        self.faults = faults


class OutOfRange(Rejected):
    """Input that can be read and cannot be true."""


class NotFound(EnergyGuardError):
    """There is no such device, alert, rule or topic."""

    exit_code = 4
    status = 404

    @classmethod
    def file(cls, path: object, error: OSError) -> NotFound:
        """A file that cannot be read, and why."""
        if isinstance(error, IsADirectoryError):
            return cls(f"{path}: it is a folder; name the files in it")
        return cls(f"{path}: {error.strerror or error}")


class Unauthorized(EnergyGuardError):
    """No token, or one that is unknown or revoked."""

    exit_code = 5
    status = 401


class Forbidden(EnergyGuardError):
    """Known or not, this may not be done by them, or from there."""

    exit_code = 5
    status = 403


class Conflict(EnergyGuardError):
    """The request contradicts what is already so."""

    exit_code = 6
    status = 409


class Fenced(Conflict):
    """Another member of the group owns the partition now; the transaction left no trace."""


class BehindRetention(EnergyGuardError):
    """The records asked for were deleted by retention. ``earliest`` is what is left."""

    exit_code = 7
    status = 410

    def __init__(self, topic: str, partition: int, wanted: int, earliest: int) -> None:
        super().__init__(
            f"{topic}/{partition}: offset {wanted} was deleted by retention; "
            f"the earliest left is {earliest}"
        )
        self.topic, self.partition = topic, partition
        self.wanted, self.earliest = wanted, earliest


class Unavailable(EnergyGuardError):
    """A part is not there now; try again after ``retry_after`` seconds."""

    exit_code = 8
    status = 503

    def __init__(self, message: str, retry_after: float = 1.0) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Overloaded(Unavailable):
    """Too much at once: nothing was taken."""

    status = 429


class DiskFull(Unavailable):
    """No room on the disk: nothing was taken and nothing was damaged."""

    status = 507


class TimedOut(Unavailable):
    """No answer in time: asked again at once, the same takes as long."""

    status = 504


class Corrupt(EnergyGuardError):
    """A checksum did not hold. The message names the file and what was saved."""
