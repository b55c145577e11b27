"""Windows of the job for Spark, and its start: the second half of ``spark_job.py``.

What stands above the line is here for those who check it; what stands below becomes the job's text.
"""

from __future__ import annotations

import sys
from os.path import expandvars

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812

from energyguard.stream.engines.spark_job import (
    AFTER_MS,
    AFTER_WINDOW_MS,
    ALERTS,
    BEFORE_MS,
    BOOTSTRAP,
    CHANNEL,
    CHECKPOINT,
    COUNT_DUPLICATES,
    DEAD_LETTERS,
    FED_IN,
    FED_IN_NAMES,
    LARGEST,
    LATENESS,
    LENGTH,
    NAME,
    NANO,
    OFFSETS_PER_STEP,
    PROPERTIES,
    RAISE_ABOVE_NANO_KWH,
    READINGS,
    RECORD_END,
    RULE_ID,
    SLIDE_MS,
    STAMP_IS_END,
    STATE,
    STEP_MS,
    UNTIL_MS,
    WINDOW_MS,
    dead_letters,
    fact,
    feeds_in,
    header_column,
    letter,
    parsed,
    sound,
    source,
    text,
)

# ---- the second half ----


def window_alerts(messages: DataFrame) -> DataFrame:
    """Closed windows over the level, each written once, with an id that is always the same.

    A window of Spark is longer than that of the rule: readings before and behind may speak of it.
    """
    kept = ["time", "household_id", "nano_kwh", *(["value", "source"] if STEP_MS else [])]
    readings = messages.where(sound()).withColumn("source", source()).select(*kept)
    readings = readings.withWatermark("time", LATENESS)
    if not COUNT_DUPLICATES:
        readings = readings.dropDuplicatesWithinWatermark(["household_id", "time"])
    size = f"{WINDOW_MS + BEFORE_MS + AFTER_WINDOW_MS} milliseconds"
    windows = readings.withColumn("window", F.window("time", size, f"{SLIDE_MS} milliseconds"))
    window_end = F.unix_millis("window.end") - AFTER_WINDOW_MS
    end = window_end.alias("end_ms")
    if STEP_MS:
        reading = F.struct(F.unix_millis("time").alias("ms"), "nano_kwh", "value", "source")
        lists = windows.groupBy("window", "household_id").agg(
            F.array_sort(F.collect_list(reading)).alias("readings")
        )
        return register_records(lists.select("household_id", end, "readings"))
    amount = F.col("nano_kwh")
    if BEFORE_MS or AFTER_WINDOW_MS:
        start = F.unix_millis("time") - fact(STAMP_IS_END) * fact(LENGTH)
        amount = inside(amount, start, fact(LENGTH), window_end)
    sums = windows.groupBy("window", "household_id").agg(F.sum(amount).alias("nano_kwh"))
    return sums.select("household_id", end, "nano_kwh").where(over()).select(*alert())


def inside(energy: Column, start: Column, length: Column, window_end: Column) -> Column:
    """What of an energy lies in a window: it is spread evenly, and floored at each border."""

    def until(border: Column) -> Column:
        passed = F.least(F.greatest(border - start, F.lit(0)), length)
        divisor = F.greatest(length, F.lit(1))
        whole, rest = F.call_function("div", energy, divisor), energy % divisor
        part = whole * passed + F.call_function("div", rest * passed, divisor)
        return F.when(length > 0, part).when(border > start, energy).otherwise(F.lit(0))

    return until(window_end) - until(window_end - WINDOW_MS)


def register_records(lists: DataFrame) -> DataFrame:
    """Alerts of windows, and readings of registers whose step is not counted.

    Args:
        lists: household_id, end_ms, and the readings of the window and a step around it, by time.
    """

    def step(reading: Column, place: Column) -> Column:
        before = F.get("readings", place - 1)
        length = reading["ms"] - before["ms"]
        energy = reading["nano_kwh"] - before["nano_kwh"]
        largest = F.call_function("div", fact(LARGEST) * length * 5 + 17, F.lit(18))
        reason = (
            F.when(energy < 0, "the register went back: what was used in this step is not counted")
            .when(length.isNull() | (length > STEP_MS), f"no reading in {STEP_MS} ms before it")
            .when(energy > largest, "more than the largest plausible power uses in this step")
        )
        return F.struct(
            reading["ms"].alias("ms"), energy.alias("energy"), length.alias("length"),
            reading["value"].alias("value"), reading["source"].alias("source"),
            reason.alias("reason"),
        )  # fmt: skip

    def add(total: Column, step: Column) -> Column:
        start = step["ms"] - step["length"]
        return total + inside(step["energy"], start, step["length"], F.col("end_ms"))

    steps = lists.withColumn("steps", F.transform("readings", step))
    counted = F.filter("steps", lambda step: step["reason"].isNull())
    windows = steps.withColumn("nano_kwh", F.reduce(counted, F.lit(0).cast("bigint"), add))
    records = F.when(over(), F.array(F.struct(*alert()))).otherwise(F.array())
    if DEAD_LETTERS:
        # A step is in many windows; in one of them it ends within the last slide.
        newest = F.filter(
            "steps",
            lambda step: (
                step["reason"].isNotNull()
                & (step["ms"] >= F.col("end_ms") - SLIDE_MS)
                & (step["ms"] < F.col("end_ms"))
            ),
        )
        records = F.concat(records, F.transform(newest, uncounted))
    return windows.select(F.explode(records).alias("record")).select("record.*")


def uncounted(step: Column) -> Column:
    """The record of a reading whose step is not counted."""
    about = text("implausible"), text(CHANNEL), step["reason"], step["value"], step["source"]
    return F.struct(*letter(*about))


def over() -> Column:
    """Whether a window is told: columns end_ms and nano_kwh."""
    end, found = F.col("end_ms"), F.col("nano_kwh") > RAISE_ABOVE_NANO_KWH
    if FED_IN or FED_IN_NAMES:
        found &= ~feeds_in()
    if AFTER_MS is not None:
        found &= end > AFTER_MS
    return found if UNTIL_MS is None else found & (end <= UNTIL_MS)


def alert() -> list[Column]:
    """The record of a window: columns household_id, end_ms and nano_kwh."""
    nano, end = F.col("nano_kwh"), F.col("end_ms")
    whole = F.call_function("div", nano, F.lit(NANO))
    digits = F.concat_ws(".", whole, F.lpad((nano % NANO).cast("string"), 9, "0"))
    name = F.to_json(F.struct("household_id"))

    def at(ms: Column) -> Column:
        return F.date_format(F.timestamp_millis(ms), "yyyy-MM-dd HH:mm:ss")

    value = F.concat(
        F.left(name, F.length(name) - 1),
        text(',"window_start":"'), at(end - WINDOW_MS),
        text('","window_end":"'), at(end),
        text('","kwh":'), F.regexp_replace(digits, r"\.?0+$", ""),
        text(RECORD_END),
    )  # fmt: skip
    id_ = F.concat_ws("/", text(RULE_ID), "household_id", end)
    return [
        text(ALERTS).alias("topic"),
        F.col("household_id").cast("binary").alias("key"),
        value.cast("binary").alias("value"),
        header_column({"id": id_}),
    ]


def main(once: bool) -> None:
    """Run the job."""
    builder = SparkSession.builder.appName(NAME).config("spark.sql.session.timeZone", "UTC")
    for name, value in STATE.items():
        builder = builder.config(name, value)
    spark = builder.getOrCreate()
    kafka = {"bootstrap.servers": BOOTSTRAP} | dict(PROPERTIES)
    connection = {f"kafka.{name}": expandvars(value) for name, value in kafka.items()}
    source = (
        spark.readStream.format("kafka")
        .options(**connection)
        .option("subscribe", READINGS)
        .option("startingOffsets", "earliest")
        .option("maxOffsetsPerTrigger", OFFSETS_PER_STEP)
        .option("kafka.isolation.level", "read_committed")
        .load()
    )
    messages = parsed(source)
    records = window_alerts(messages)
    if DEAD_LETTERS:
        records = records.unionByName(dead_letters(messages))
    sink = (
        records.writeStream.format("kafka")
        .queryName(NAME)
        .outputMode("append")
        .options(**connection)
        .option("checkpointLocation", CHECKPOINT)
    )
    trigger = sink.trigger(availableNow=True) if once else sink.trigger(processingTime="1 second")
    trigger.start().awaitTermination()


if __name__ == "__main__":
    main("--once" in sys.argv[1:])
