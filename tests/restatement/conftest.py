"""A log, a history and people, as tests of the history have them."""

from tests.history.conftest import history, log, people

__all__ = ["history", "log", "people"]
