"""What tests of records work with: as tests of the history have it."""

from tests.history.conftest import history, people

__all__ = ["history", "people"]
