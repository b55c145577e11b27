"""How a message is read in Flink SQL: expressions over the column ``message``.

Flink keeps no name for a step on the way, and writes an expression out again wherever it is used:
what is used often has to be short. So a message as nearly all are
(``2025-09-06T00:00:00Z,H001,0.05``) is told by one pattern and its time by arithmetic; any other
is looked at in full.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from energyguard.codecs.columns import DEVICE
from energyguard.model.quantities import NANO
from energyguard.stream.engines.job import EngineJob, Job, MessageShape, quoted

DAY: Final = (  # one that the calendar has: Flink takes 30 February for the 28th
    r"20(?:\d\d-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\d|30)"
    r"|02-(?:0[1-9]|1\d|2[0-8]))|(?:[02468][048]|[13579][26])-02-29)"
)
_CLOCK: Final = r"(?:[01]\d|2[0-3])(?::[0-5]\d(?::[0-5]\d(?:\.\d{1,3})?)?)?"
_ZONE: Final = r"(?:Z|[+-](?:[01]\d|2[0-3])(?::?[0-5]\d)?)"
_NUMBER: Final = r"[+-]?(?:\d{1,18}(?:\.\d{0,30})?|\.\d{1,30})(?:[eE][+-]?\d{1,2})?"
_PATTERNS: Final = (rf"{DAY}[T ]{_CLOCK}{_ZONE}", DEVICE.pattern, _NUMBER)
_EDGE: Final = r"[^,\"\x00-\x20]"
_NAME: Final = rf"{_EDGE}(?:[^,\"\x00-\x1f]{{0,126}}{_EDGE})?"  # without what stands round it
_CELLS: Final = ",".join(
    rf"[ \t]*(?:{cell}|\"[ \t]*{cell}[ \t]*\")[ \t]*" for cell in (_PATTERNS[0], _NAME, _NUMBER)
)
_FIELDS: Final = ("timestamp", "household_id")
_TEXT: Final = "CAST(message AS STRING)"

_USUAL_TIME: Final = (  # in whole seconds of UTC, on a day that every month has
    r"20\d\d-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\dZ"
)
_USUAL_NAME: Final = r"[\w-]{1,128}"


def expressions(job: Job) -> dict[str, str]:
    """Expressions by the names that ``flink.sql`` has for them."""
    low, high = job.range_nano_kwh
    usual = (_USUAL_TIME, _USUAL_NAME, _usual_number(high))
    if job.shape is MessageShape.CSV:
        line, sound = rf"TRIM(TRAILING U&'\000D\000A' FROM {_TEXT})", ""
        time, name, number = (
            f"TRIM(BOTH U&'\\0020\\0009\\0022' FROM SPLIT_INDEX({line}, ',', {n}))"
            for n in range(3)
        )
        whole, begin, patterns = ",".join(usual), 1, _CELLS
    else:
        time, name, number = (
            f"JSON_VALUE({_TEXT}, '$.{field}')" for field in (*_FIELDS, job.counting.channel)
        )
        line = f"CONCAT_WS(',', {time}, {name}, {number})"
        channel = job.counting.channel
        sound = rf"""REGEXP({_TEXT}, '"{channel}"\s*:\s*[-\d]') AND """  # a number, not text
        whole = r'\{{"timestamp":"{}","household_id":"{}","{}":{}\}}'.format(
            *usual[:2], channel, usual[2]
        )
        begin, patterns = len('{"timestamp":"') + 1, ",".join(_PATTERNS)
    below_0 = f" AND {number} NOT LIKE '-%'"
    at, usual_at, limit = _time(time), _usual_time(begin), limit_of(job)
    in_time = f" <= {limit}" if limit else ""
    return {
        "usual": f"REGEXP({_TEXT}, '^{whole}\\z') AND {usual_at}{in_time or ' IS NOT NULL'}",
        "usual_time": usual_at,
        "sound": f"{sound}REGEXP({line}, '^{patterns}\\z')",
        "plausible": f"({_plausible(number, high)}{'' if low else below_0})",
        "large": _large(number, name, job),
        "in_time": f"{at}{in_time}" if in_time else "TRUE",
        "time": at,
        "name_of": name,
        "kwh": _nine_places(number),
    }


def _usual_number(max_nano: int) -> str:
    """Numbers of at most nine places that need no look at the limit."""
    digits = len(str(max_nano // NANO)) - 1
    if digits:
        return rf"\d{{1,{digits}}}\.\d{{1,9}}"
    return r"0\.\d{1,9}" if max_nano >= NANO else r"0\.0{1,9}"


def _usual_time(begin: int) -> str:
    """The time that begins at a place of the message, where it is as usual."""

    def part(at: int) -> str:
        return f"CAST(SUBSTRING({_TEXT}, {begin + at}, 2) AS INT)"

    day = f"CAST(CAST(SUBSTRING({_TEXT}, {begin}, 10) AS DATE) AS TIMESTAMP(3))"
    return f"TIMESTAMPADD(SECOND, {part(11)} * 3600 + {part(14)} * 60 + {part(17)}, {day})"


def _plausible(field: str, max_nano: int) -> str:
    """Whether a number, rounded to nine places, is not beyond a limit, either sign."""
    limit = Decimal(max_nano) / NANO + Decimal("0.0000000005")
    sign = "<=" if max_nano % 2 == 0 else "<"  # a half goes to the even one
    return f"ABS(TRY_CAST({field} AS DECIMAL(38, 20))) {sign} {_decimal(limit)}"


def _large(field: str, name: str, job: Job) -> str:
    """Whether the number of an interval is more than the largest plausible power uses."""
    if job.counting.is_register:
        return "FALSE"
    number = f"TRY_CAST({field} AS DECIMAL(38, 20))"
    largest, export = (fact(job, name, of, _kwh) for of in ("largest", "export"))
    return f"({number} > {largest} OR {number} < -{export})"


def fact(job: Job, name: str, of: str, spelled: Callable[[int], str] = str) -> str:
    """What is said of a device's channel, else what holds of all.

    Args:
        job: the job.
        name: the device, as SQL.
        of: a field of ``CountedAs``.
        spelled: how its number is written.
    """
    of_all = spelled(getattr(job.counting.of_all, of))
    own = {
        device: text
        for device, facts in job.counting.devices.items()
        if (text := spelled(getattr(facts, of))) != of_all
    }
    if not own:
        return of_all
    cases = " ".join(f"WHEN '{quoted(device)}' THEN {text}" for device, text in own.items())
    return f"(CASE {name} {cases} ELSE {of_all} END)"


def _kwh(nano: int) -> str:
    return _decimal(Decimal(nano) / NANO + Decimal("0.0000000005"))


def _decimal(number: Decimal) -> str:
    """A constant: a literal has 19 digits at most."""
    return f"CAST('{number:f}' AS DECIMAL(38, 20))"


def _nine_places(field: str) -> str:
    """A field as a decimal with nine places; what has more is rounded half to even, as by us."""
    rounded = f"TRY_CAST({field} AS DECIMAL(19, 9))"  # Flink rounds a half away from 0
    half = f"ABS({rounded} - TRY_CAST({field} AS DECIMAL(38, 20))) = 0.0000000005"
    odd = f"MOD(CAST({rounded} * 1000000000 AS BIGINT), 2) <> 0"
    less = f"CASE WHEN {rounded} > 0 THEN 0.000000001 ELSE -0.000000001 END"
    exact = f"REGEXP({field}, '^-?\\d+\\.\\d{{1,9}}\\z')"
    return (
        f"CASE WHEN {exact} THEN {rounded} WHEN {half} AND {odd} "
        f"THEN CAST({rounded} - {less} AS DECIMAL(19, 9)) ELSE {rounded} END"
    )


def _time(field: str) -> str:
    """A field as a timestamp, by its length and its zone."""
    zone = "([+-]\\d\\d):?(\\d\\d)?$"
    local = f"REGEXP_REPLACE({field}, '(Z|[+-]\\d\\d(:?\\d\\d)?)$', '')"
    whole = f"{local} || SUBSTRING('0000-00-00 00:00:00.000' FROM CHAR_LENGTH({local}) + 1)"
    hours = f"REGEXP_EXTRACT({field}, '{zone}', 1)"
    minutes = f"COALESCE(REGEXP_EXTRACT({field}, '{zone}', 2), '0')"
    east = f"CAST({hours} AS INT) * 60 + CAST(SUBSTRING({hours}, 1, 1) || {minutes} AS INT)"
    return (
        f"TIMESTAMPADD(MINUTE, -COALESCE({east}, 0), "
        f"TO_TIMESTAMP(REPLACE({whole}, 'T', ' '), 'yyyy-MM-dd HH:mm:ss.SSS'))"
    )


def entries(job: Job) -> dict[str, str]:
    """Expressions about entries, of columns energy, since_ms and length_ms."""
    window = job.threshold.window_ms
    end = f"(EXTRACT(EPOCH FROM window_end) * 1000 - {job.after_window_ms})"

    def until(border: str) -> str:
        passed = f"LEAST(GREATEST({border} - since_ms, 0), length_ms)"
        part = f"energy / length_ms * {passed} + MOD(energy, length_ms) * {passed} / length_ms"
        return (
            f"CASE WHEN length_ms > 0 THEN {part} WHEN {border} > since_ms THEN energy ELSE 0 END"
        )

    return {
        "ms": "EXTRACT(EPOCH FROM ts) * 1000 + CAST(DATE_FORMAT(ts, 'SSS') AS BIGINT)",
        "length": f"CAST({fact(job, 'household_id', 'length_ms')} AS BIGINT)",
        "stamp_is_end": fact(job, "household_id", "stamp_is_end"),
        "largest": f"CAST({fact(job, 'household_id', 'largest')} AS BIGINT)",
        "inside": f"{until(end)} - {until(f'({end} - {window})')}",
    }


def limit_of(job: EngineJob) -> str | None:
    """The latest time of a message that was appended at ``appended``; None: any."""
    if job.ahead_ms is None:
        return None
    length = f"INTERVAL '{interval(job.ahead_ms)}' DAY TO SECOND(3)"
    return f"CAST(appended AS TIMESTAMP(3)) + {length}"


def instant(ms: int) -> str:
    """An instant as SQL writes it."""
    at = datetime.fromtimestamp(ms / 1000, UTC)
    return f"TIMESTAMP '{at:%Y-%m-%d %H:%M:%S}.{ms % 1000:03}'"


def interval(ms: int) -> str:
    """A length of time as SQL writes it between its quotes."""
    seconds, ms = divmod(ms, 1000)
    days, seconds = divmod(seconds, 86_400)
    return f"{days} {seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{ms:03}"
