"""Real parts that many tests share; a test whose part is not on this machine is skipped by name."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
import structlog

from tests.thorough import EachTime, covering

if TYPE_CHECKING:
    from deploy.kafka.brokers import Cluster

# A log that a test left open may warn in a later one: never into a tested command's output.
structlog.configure(logger_factory=lambda *_: structlog.PrintLogger(sys.stderr))

QUICK = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")  # three brokers start in 7 s, not in 13
SOON = {
    "broker.session.timeout.ms": "2000",
    "broker.heartbeat.interval.ms": "500",
    "log.retention.check.interval.ms": "86400000",  # tests write records of past years
    "log.initial.task.delay.ms": "86400000",  # else the first look at them is after 30 s
}


# NiceGUI has one application a process: once a simulated person has been in front of it, it cannot
# be mounted again. So these begin, before the tests with such a person are given to any process.
# Those with a browser follow each other, so that a process starts one for all of its files.
MOUNTED = ("tests/api/", "tests/e2e/", "tests/service/")
# Files whose tests stay in one process: those with a simulated person; of brokers one is enough.
TOGETHER = {
    "page": ("tests/page/",),
    "broker": (
        "tests/contract/test_kafka_log.py",
        "tests/engines/test_flink.py",
        "tests/engines/test_spark.py",
        "tests/sinks/test_kafka_ingestor.py",
        "tests/golden/test_kafka_upgrade.py",
        "tests/log/test_kafka_faults.py",
        "tests/parity/",
        "tests/domains/charging/test_kafka_regions.py",
        "tests/stream/test_kafka_worker.py",
        "tests/edge/test_kafka_source.py",
    ),
}
LONG = (  # begun before the others, so that no process is alone with one at the end
    "tests/deploy/test_roles.py",
    "tests/edge/test_killed.py",
    "tests/golden/",
    "tests/history/",
    "tests/offline/",
    "tests/rules/kinds/",
    "tests/simulation/",
    "tests/store/",
    "tests/stream/",
)


def _scope(nodeid: str) -> str:
    """What a test shares a process with: its file, or those of ``TOGETHER``."""
    file = nodeid.partition("::")[0]
    return next((name for name, files in TOGETHER.items() if file.startswith(files)), file)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> object:
    """Several processes (``-n``): the tests of a scope stay together, in their order."""
    from xdist.scheduler import LoadScopeScheduling

    class Together(LoadScopeScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            return _scope(nodeid)

    config.option.loadscopereorder = False
    return Together(config, log)


def _turn(item: pytest.Item) -> int:
    """When a test's scope begins: 0 first."""
    if item.nodeid.startswith(MOUNTED):
        return 0
    if _scope(item.nodeid) in TOGETHER:
        return 1
    return 2 if item.nodeid.startswith(LONG) else 3


def _cover(items: list[pytest.Item], *, narrowed: bool) -> None:
    """Marks as slow what a test with ``each_value`` need not have each time.

    Of a narrowed selection what should stand together need not be there.
    """
    tests: dict[str, list[Any]] = {}
    for item in items:
        if item.get_closest_marker("each_value") and not item.get_closest_marker("slow"):
            tests.setdefault(item.nodeid.partition("[")[0], []).append(item)
    for calls in tests.values():
        also = () if narrowed else calls[0].get_closest_marker("each_value").args
        kept = covering([call.callspec.params for call in calls], also)
        for at in {*range(len(calls))}.difference(kept):
            calls[at].add_marker(pytest.mark.slow)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Most seeds are for `make test-all`; of several processes, the long ones begin."""
    each_time = EachTime()
    for item in items:
        given = getattr(item, "callspec", None)
        if given and not each_time.has(item.nodeid.partition("[")[0], given.params):
            item.add_marker(pytest.mark.slow)
    _cover(items, narrowed=any("::" in given for given in config.args))
    if hasattr(config, "workerinput"):
        items.sort(key=_turn)


@pytest.hookimpl(tryfirst=True)
def pytest_collection() -> None:
    """Modules and tests stay: what looks among them for garbage is a fifth of collecting."""
    gc.disable()


def pytest_collection_finish() -> None:
    """What was collected is looked at by no garbage collector: there are many of them in a page."""
    gc.enable()
    gc.collect()
    gc.freeze()


def pytest_runtest_teardown() -> None:
    """FastAPI remembers 4,096 functions, so whole applications of tests that are over.

    With them their services stayed, 10,000 objects each, which every later collection looked at:
    the sixtieth test of the page spent 0.8 s on that, of processor time, the first 0.15 s.
    """
    models = sys.modules.get("fastapi.dependencies.models")
    for function in vars(models).values() if models else ():
        if hasattr(function, "cache_clear"):
            function.cache_clear()


def _cluster(folders: pytest.TempPathFactory, nodes: int) -> Iterator[Cluster]:
    pytest.importorskip("confluent_kafka", reason="the extra `kafka` is not installed")
    from deploy.jars import Missing
    from deploy.kafka.brokers import Cluster

    try:
        cluster = Cluster(folders.mktemp("kafka"), nodes, heap="320m", jvm=QUICK, properties=SOON)
    except Missing as missing:
        pytest.skip(f"no Kafka: {missing}")
    yield cluster
    cluster.kill()  # its data goes anyway


@pytest.fixture(scope="session")
def kafka_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """One real broker for the whole run, with all that tests leave there."""
    yield from _cluster(tmp_path_factory, 1)


@pytest.fixture
def kafka(kafka_broker: Cluster) -> Cluster:
    """The real broker, empty: without the topics and groups that earlier tests made.

    The names of the topics are fixed, so tests cannot stand beside each other; deleting takes
    0.1 s, where another broker would take four. What a fixture of a wider scope keeps on the
    broker needs ``kafka_broker``, and names of its own.
    """
    kafka_broker.clear()
    return kafka_broker


@pytest.fixture(scope="session")
def kafka_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Three real brokers: topics have three copies and need two in sync. Their start takes 7 s."""
    yield from _cluster(tmp_path_factory, 3)
