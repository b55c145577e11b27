"""The service of tests of the service, for the ways into it."""

from tests.service.conftest import _a_page_that_has_not_started, history, log, service, settings

__all__ = ["_a_page_that_has_not_started", "history", "log", "service", "settings"]
