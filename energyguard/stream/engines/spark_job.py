"""Energy in sliding windows: readings from Kafka, windows over a level to Kafka.

Written by ``energyguard job spark RULE --emit job.py``; needs nothing but Spark::

    spark-submit --packages org.apache.spark:spark-sql-kafka-0-10_2.13:4.2.0 job.py [--once]

``--once`` takes what is there now and ends; without it the job runs until it is stopped.
"""

from __future__ import annotations

import sys  # noqa: F401 - used in the second half, spark_windows.py
from collections.abc import Mapping
from os.path import expandvars  # noqa: F401

from pyspark.sql import Column, DataFrame, SparkSession  # noqa: F401
from pyspark.sql import functions as F  # noqa: N812

# ---- the job ----
NAME = "energyguard-household-demo"
BOOTSTRAP = "127.0.0.1:9092"
READINGS = "energy_readings"
ALERTS = "energy_alerts"
DEAD_LETTERS = "energyguard.dead-letters"
SHAPE = "csv"
RULE_ID = "household-demo"
RECORD_END = ',"rule":"kwh>0.05 over 1 minute","mode":"demo"}'
WINDOW_MS = 60_000
SLIDE_MS = 15_000
BEFORE_MS = 0
AFTER_WINDOW_MS = 0
LATENESS = "600000 milliseconds"
RAISE_ABOVE_NANO_KWH = 50_000_000
RANGE_NANO_KWH = (-100_000_000_000, 100_000_000_000)
CHANNEL = "energy_kwh"
STEP_MS = 0
OF_ALL = (0, 0, 1_666_666_667, 1_666_666_667)
DEVICES: Mapping[str, tuple[int, int, int, int]] = {}
FED_IN: tuple[str, ...] = ()
FED_IN_NAMES = ""
NOT_BY_NAME: tuple[str, ...] = ()
AHEAD_MS: int | None = 3_600_000
AFTER_MS: int | None = None
UNTIL_MS: int | None = None
COUNT_DUPLICATES = False
CHECKPOINT = "energyguard-data/engines/energyguard-household-demo"
OFFSETS_PER_STEP = 200_000
PROPERTIES: Mapping[str, str] = {}
STATE: Mapping[str, str] = {}
PATTERNS = {"timestamp": ".*", "household_id": ".*", "energy_kwh": ".*"}
EXPECTED = {"timestamp": "a time", "household_id": "a name", "energy_kwh": "a number"}
# ---- end of the job ----

NANO = 1_000_000_000
LENGTH, STAMP_IS_END, LARGEST, EXPORT = range(4)  # of what is said of devices
FIELDS = list(PATTERNS)
CELL = r'(^|,)[ \t]*(?:"[ \t]*([^,"]*?)[ \t]*"|([^,"]*?))[ \t]*(?=,|\z)'
"""A cell of a line, with what stands round it; what has other quotes is left, and refused."""
LINE = "^" + ",".join(f"(?:{pattern})" for pattern in PATTERNS.values()) + r"\z"


def text(words: str) -> Column:
    """A constant."""
    return F.lit(words)


def fact(place: int) -> Column:
    """What is said of a device's channel, else what holds of all."""
    of_all = F.lit(OF_ALL[place]).cast("bigint")
    if not DEVICES:
        return of_all
    known = [F.lit(word) for name, facts in DEVICES.items() for word in (name, facts[place])]
    own = F.try_element_at(F.create_map(*known), F.col("household_id"))
    return F.coalesce(own.cast("bigint"), of_all)


def feeds_in() -> Column:
    """Whether a device's channel counts what is fed in: its energy is below 0."""
    name = F.col("household_id")
    found = name.isin(*FED_IN)
    if FED_IN_NAMES:
        found |= name.rlike(FED_IN_NAMES) & ~name.isin(*NOT_BY_NAME)
    return found


def lines(messages: DataFrame) -> DataFrame:
    """Each message's reading as a line of CSV, whatever its shape; null where it is none."""
    value = F.col("value").cast("string")
    if SHAPE == "csv":
        line = F.regexp_replace(value, r"[\r\n]+\z", "")
        return messages.withColumn("line", F.regexp_replace(line, CELL, "$1$2$3"))
    found = F.from_json(value, ", ".join(f"{name} string" for name in FIELDS))
    known = F.array_sort(F.json_object_keys(value)) == F.array_sort(F.array(*map(text, FIELDS)))
    number = ~value.rlike(rf'"{CHANNEL}"\s*:\s*"')
    row = F.concat_ws(",", *(found[name] for name in FIELDS))
    return messages.withColumn("line", F.when(known & number, row))


def whole_time(field: Column) -> Column:
    """A time with minutes and seconds, where a line leaves them out."""
    hours_only = F.substring(field, 14, 1) != ":"
    minutes_only = F.substring(field, 17, 1) != ":"
    return (
        F.when(hours_only, F.overlay(field, text(":00:00"), 14, 0))
        .when(minutes_only, F.overlay(field, text(":00"), 17, 0))
        .otherwise(field)
    )


def parsed(messages: DataFrame) -> DataFrame:
    """Columns ``time``, ``household_id``, ``nano_kwh``, null where a line has none."""
    field = F.split("line", ",")
    kwh = F.get(field, F.lit(2)).try_cast("decimal(38,19)")
    return (
        lines(messages)
        .withColumn("time", whole_time(F.get(field, F.lit(0))).try_cast("timestamp"))
        .withColumn("household_id", F.get(field, F.lit(1)))
        .withColumn("nano_kwh", (F.bround(kwh, 9) * NANO).try_cast("bigint"))
    )


def faults() -> list[tuple[Column, str, str, Column]]:
    """What may be wrong with a line: whether, the verdict, the field, the reason."""
    field = F.split("line", ",")
    columns = F.size(field)
    wanted = f" columns instead of {len(FIELDS)} ({','.join(FIELDS)})"
    value_is = {"timestamp": F.col("time"), CHANNEL: F.col("nano_kwh")}
    found = [
        (F.col("line").isNull(), "malformed", "row", text(f"not a {SHAPE} reading")),
        (
            columns != len(FIELDS),
            "malformed",
            "row",
            F.concat(columns.cast("string"), text(wanted)),
        ),
    ]
    for place, (name, pattern) in enumerate(PATTERNS.items()):
        one = F.get(field, F.lit(place))
        bad = ~one.rlike(rf"^(?:{pattern})\z") | value_is.get(name, one).isNull()
        reason = F.concat(
            text(f"{name} is not {EXPECTED[name]}: '"), F.substring(one, 1, 64), text("'")
        )
        found.append((bad, "malformed", name, reason))
    low, high = "2000-01-01T00:00:00Z", "2100-01-01T00:00:00Z"
    time, nano = F.col("time"), F.col("nano_kwh")
    low_kwh, high_kwh = (f"{end / NANO:g}" for end in RANGE_NANO_KWH)
    found += [
        (
            ~time.between(text(low).cast("timestamp"), text(high).cast("timestamp")),
            "out-of-range",
            "timestamp",
            text("timestamp is before 2000 or after 2100"),
        ),
        (
            ~nano.between(*RANGE_NANO_KWH),
            "out-of-range",
            CHANNEL,
            text(f"{CHANNEL} is not between {low_kwh} and {high_kwh} kWh"),
        ),
    ]
    if not STEP_MS:
        large = (nano > fact(LARGEST)) | (nano < -fact(EXPORT))
        reason = text(f"{CHANNEL} is more than the largest plausible power uses in its length")
        found.append((large, "implausible", CHANNEL, reason))
    if AHEAD_MS is not None:  # one reading of the far future would make all others late
        ahead = F.unix_millis("time") > F.unix_millis("timestamp") + AHEAD_MS
        reason = text(f"timestamp is more than {AHEAD_MS} ms after the message was appended")
        found.append((ahead, "ahead", "timestamp", reason))
    return found


def sound() -> Column:
    """Whether a reading counts: the same as no fault, in one pattern."""
    good = F.col("line").rlike(LINE)
    for bad, *_ in faults()[2 + len(FIELDS) :]:
        good &= ~bad
    return F.coalesce(good, F.lit(False))


def dead_letters(messages: DataFrame) -> DataFrame:
    """Bad messages with their original bytes; the reason is in the headers."""
    verdict, field, reason = F.lit(None), F.lit(None), F.lit(None)
    for bad, judged, name, sentence in reversed(faults()):
        verdict = F.when(bad, text(judged)).otherwise(verdict)
        field = F.when(bad, text(name)).otherwise(field)
        reason = F.when(bad, sentence).otherwise(reason)
    refused = messages.where(~sound())
    return refused.select(*letter(verdict, field, reason, F.col("value"), source()))


def source() -> Column:
    """Where a message stands."""
    return F.concat_ws("/", "topic", "partition", "offset")


def letter(
    verdict: Column, field: Column, reason: Column, value: Column, source: Column
) -> list[Column]:
    """The record of a message that does not count."""
    headers = {
        "verdict": verdict,
        "field": field,
        "reason": reason,
        "row": text("1"),
        "source": source,
        "topic": text(READINGS),
        "shape": text(SHAPE),
    }
    return [
        text(DEAD_LETTERS).alias("topic"),
        F.lit(None).cast("binary").alias("key"),
        F.coalesce(value, text("").cast("binary")).alias("value"),
        header_column(headers),
    ]


def header_column(headers: Mapping[str, Column]) -> Column:
    """Headers as the sink wants them."""
    made = (
        F.struct(text(name).alias("key"), value.cast("string").cast("binary").alias("value"))
        for name, value in headers.items()
    )
    return F.array(*made).alias("headers")
