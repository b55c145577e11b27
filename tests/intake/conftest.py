"""A log of its own for every test, as tests of the domains have it."""

from tests.domains.conftest import log, log_url

__all__ = ["log", "log_url"]
