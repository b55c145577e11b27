"""The job over chargers, in Flink's own environment: tables around two functions in Python.

``flink.py`` starts it there with our package on the path, as a zip that goes to Flink's
workers, too: ``python -m energyguard.domains.charging.engines.flink_program FILE …``.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from typing import Any, Final

import msgspec
from pyflink.common import (  # type: ignore[import-not-found, unused-ignore]
    Configuration,
    Row,
    Types,
)
from pyflink.datastream import (  # type: ignore[import-not-found, unused-ignore]
    KeyedProcessFunction,
    OutputTag,
    StreamExecutionEnvironment,
)
from pyflink.datastream.state import (  # type: ignore[import-not-found, unused-ignore]
    ValueStateDescriptor,
)
from pyflink.table import StreamTableEnvironment  # type: ignore[import-not-found, unused-ignore]

from energyguard.domains.charging.engines.keys import (
    CarsChange,
    ChargerSessions,
    Occupancy,
    Settled,
    SourceMessage,
)
from energyguard.domains.charging.engines.old_names import know_old_names
from energyguard.domains.charging.model import ParkingLimits
from energyguard.domains.charging.sessions.records import Result
from energyguard.stream.engines import flink_runner as runner

END_MS: Final = 2**63 - 1
"""The watermark of an input that has ended."""

_RESULT: Final = [
    ("topic", Types.STRING()),
    ("charger", Types.STRING()),
    ("record", Types.PRIMITIVE_ARRAY(Types.BYTE())),
    ("headers", Types.MAP(Types.STRING(), Types.PRIMITIVE_ARRAY(Types.BYTE()))),
]
RESULT: Final = Types.ROW_NAMED(*map(list, zip(*_RESULT, strict=True)))
CHANGES: Final = OutputTag("changes", Types.PICKLED_BYTE_ARRAY())


def row(result: Result) -> Any:
    """A record as Flink has it."""
    topic, charger, value, headers = result
    return Row(topic, charger, value, dict(headers))


class ChargerFunction(KeyedProcessFunction):  # type: ignore[misc, unused-ignore]
    """Signals of a charger to its parking sessions; changes of the occupancy go aside."""

    def __init__(self, limits: ParkingLimits, topic: str) -> None:
        self._limits, self._topic = limits, topic

    def open(self, context: Any) -> None:
        """Where Flink keeps the charger."""
        know_old_names()
        described = ValueStateDescriptor("stays", Types.PICKLED_BYTE_ARRAY())
        self._kept = context.get_state(described)

    def process_element(self, value: Any, context: Any) -> Iterator[Any]:
        """A signal comes."""
        charger = self._kept.value() or ChargerSessions(self._limits, self._topic)
        message = SourceMessage(*list(value)[: len(SourceMessage._fields)])  # without its time
        taken = charger.take(message, second_of(context))
        yield from self._outputs(charger, taken, context)

    def on_timer(self, timestamp: int, context: Any) -> Iterator[Any]:
        """The watermark has passed a second in which something is due."""
        charger = self._kept.value()
        ended = context.timer_service().current_watermark() == END_MS
        taken = charger.end() if ended else charger.advance(second_of(context))
        yield from self._outputs(charger, taken, context)

    def _outputs(self, charger: ChargerSessions, taken: Settled, context: Any) -> Iterator[Any]:
        if charger.sessions.newest is not None:
            self._kept.update(charger)
        if (due := charger.due_ms) is not None:
            context.timer_service().register_event_time_timer(due)
        for change in taken.changes:
            yield CHANGES, tuple(change)
        for result in taken.results:
            yield row(result)


class TotalFunction(KeyedProcessFunction):  # type: ignore[misc, unused-ignore]
    """Changes of all chargers to the total of each second."""

    def __init__(self, topic: str) -> None:
        self._topic = topic

    def open(self, context: Any) -> None:
        """Where Flink keeps the total."""
        know_old_names()
        described = ValueStateDescriptor("total", Types.PICKLED_BYTE_ARRAY())
        self._kept = context.get_state(described)

    def process_element(self, value: Any, context: Any) -> None:
        """A change comes; it is certain when the watermark has passed its second."""
        total = self._kept.value() or Occupancy(self._topic)
        change = CarsChange(*value)
        total.take(change)
        self._kept.update(total)
        context.timer_service().register_event_time_timer(change.second * 1000)

    def on_timer(self, timestamp: int, context: Any) -> Iterator[Any]:
        """Seconds are over."""
        total, second = self._kept.value(), second_of(context)
        ended = context.timer_service().current_watermark() == END_MS
        for result in total.end() if ended else total.advance(second):
            yield row(result)
        self._kept.update(total)
        if not ended:
            context.timer_service().register_event_time_timer((second + 1) * 1000)


def second_of(context: Any) -> int:
    """The last second that the watermark has passed; before the first one, a very low number."""
    watermark = context.timer_service().current_watermark()
    return -1 if watermark is None else int(watermark) // 1000


class Words(msgspec.Struct):
    """What the functions must know: it stands in the file's first line."""

    limits: ParkingLimits
    topic: str


def submit(text: str, settings: dict[str, str]) -> Any:
    """Start the job; gives Flink's handle of it."""
    conf = Configuration()
    for name, value in settings.items():
        conf.set_string(name, value)
    words = msgspec.json.decode(text.partition("\n")[0].removeprefix("-- "), type=Words)
    stream = StreamExecutionEnvironment.get_execution_environment(conf)
    env = StreamTableEnvironment.create(stream)
    *tables, inserts = runner.statements_of(text)
    for statement in tables:
        env.execute_sql(statement)
    env.create_temporary_view("results", env.from_data_stream(_results(env, words)))
    return env.execute_sql(inserts).get_job_client()


def _results(env: Any, words: Words) -> Any:
    """The stream of all records: of the chargers, and of the total."""
    messages = env.to_data_stream(env.from_path("messages"))
    of_chargers = messages.key_by(lambda one: one[0], key_type=Types.STRING()).process(
        ChargerFunction(words.limits, words.topic), RESULT
    )
    changes = of_chargers.get_side_output(CHANGES)
    total = changes.key_by(lambda _: 0, key_type=Types.INT()).process(
        TotalFunction(words.topic), RESULT
    )
    return of_chargers.union(total)


if __name__ == "__main__":
    logging.basicConfig(format="flink: %(message)s", stream=sys.stderr)
    sys.exit(runner.main(submit))
