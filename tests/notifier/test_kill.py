"""kill -9 of the role while the other side hears a message: told again once, with the same id."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from energyguard.clock import SYSTEM
from energyguard.log import open_log
from energyguard.notify.deliveries import DeliveryBook
from energyguard.rules.registry import book_of
from energyguard.service.notify.contract import RouteFields
from energyguard.service.notify.routes import RouteVerbs
from energyguard.settings.layers import load
from tests.notifier.made import fires
from tests.notify.servers import Hook
from tests.service.made import raise_alerts
from tests.waiting import until

ROLE = """
import sys
from energyguard.notifier import flights
flights.DOUBT_MS = 1_500
from energyguard.cli.commands import main
sys.exit(main(sys.argv[1:]))
"""
"""The role as it is, that waits less until a message is in doubt."""


@contextmanager
def playing(arguments: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    role = subprocess.Popen([sys.executable, "-c", ROLE, "role", "notifier", *arguments])
    try:
        yield role
    finally:
        role.terminate()
        role.wait(30)


def is_done(book: DeliveryBook) -> bool:
    book.refresh()
    return not book.open


def test_a_role_that_is_killed_while_it_sends_tells_nothing_twice_for_sure_but_this(
    tmp_path: Path, hook: Hook
) -> None:
    given = (f"data_dir={tmp_path}", "notify.inside=true", "notify.gather=100ms")
    arguments = [part for setting in given for part in ("--set", setting)]
    settings = load(given).settings
    with closing(open_log(settings.log_url, SYSTEM, settings.session_s, {})) as log:
        routes = RouteVerbs(log, settings, book_of(settings), SYSTEM)
        routes.put("desk", RouteFields(address=hook.url), "mara")
        raise_alerts(log, fires("a1"))
        with playing(arguments) as role:
            until(lambda: len(hook.got) == 1)
            until(lambda: routes.deliveries()[0].standing == "sent")
            hook.meanwhile = role.kill  # it has the message; the role never hears of that
            raise_alerts(log, fires("a2"))
            until(lambda: len(hook.got) == 2)
            role.wait(30)
        assert {one.alert: one.standing for one in routes.deliveries()}["a2"] == "sending"
        hook.meanwhile = lambda: None
        with playing(arguments):
            until(lambda: len(hook.got) == 3)
            book = DeliveryBook(log)
            raise_alerts(log, fires("a1"), fires("a2"), fires("a3"))
            until(lambda: len(hook.got) == 4)
            until(lambda: is_done(book))
    told = [[alert["id"] for alert in got["alerts"]] for got in hook.got]
    assert told == [["a1"], ["a2"], ["a2"], ["a3"]]
    assert hook.ids[1] == hook.ids[2]
