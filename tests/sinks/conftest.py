"""What the archive works with: as tests of the history have it."""

from tests.history.conftest import history, log, people

__all__ = ["history", "log", "people"]
