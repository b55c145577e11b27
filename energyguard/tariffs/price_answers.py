"""Dynamic prices as services on the web answer them: the usual forms of JSON, or CSV.

    {"data":[{"start_timestamp":1732402800000,"end_timestamp":…,"marketprice":82.13,
              "unit":"Eur/MWh"}]}                                             aWATTar
    {"unix_seconds":[1732402800,…],"price":[82.13,…],"unit":"EUR / MWh"}      energy-charts
    {"data":{"viewer":{"homes":[{…"priceInfo":{"today":[{"total":0.2821,
              "startsAt":"2026-11-24T00:00:00.000+01:00"},…]}}]}}}            Tibber
    [{"time_start":"2026-11-24T00:00:00+01:00","time_end":…,"EUR_per_kWh":0.08213}]

What a price is per, a ``unit`` beside it says; else its name does. Rows may lie at any depth, and
several lists of them are one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final

import msgspec

from energyguard.errors import Faulty
from energyguard.model.quantities import to_nano
from energyguard.tariffs.prices import (
    DAY_MS,
    MAX_PRICE_ROWS,
    PriceSlot,
    checked_ms,
    read_prices,
    time_ms,
    with_ends,
)

_STARTS: Final = (
    "start_timestamp", "startsAt", "starts_at", "time_start", "valid_from", "readingDate",
    "start", "from", "timestamp", "datetime", "time",
)  # fmt: skip
_ENDS: Final = ("end_timestamp", "endsAt", "ends_at", "time_end", "valid_to", "end", "to", "till")
_PRICES: Final[Mapping[str, Decimal]] = {
    "marketprice": Decimal("0.001"),
    "price_mwh": Decimal("0.001"),
    "total": Decimal(1),
    "EUR_per_kWh": Decimal(1),
    "price_kwh": Decimal(1),
    "value_inc_vat": Decimal("0.01"),
    "price": Decimal(1),
    "value": Decimal(1),
}
"""What prices are called, and how many of the currency per kWh one of theirs is."""
_MS_FROM: Final = 100_000_000_000
_MAX_DEPTH: Final = 12
_MAX_REFUSAL: Final = 200
_decode = msgspec.json.Decoder(Any, float_hook=Decimal).decode


def prices_in(data: bytes, name: str) -> list[PriceSlot]:
    """The prices of an answer, in order of time.

    Args:
        data: its body: JSON of one of the forms, or CSV.
        name: whose it is, for the message.

    Raises:
        Faulty: nothing of it can be read as prices, or one of them cannot; none is taken then.
    """
    if data.lstrip()[:1] not in (b"{", b"["):
        return read_prices(data, name)
    try:
        answer = _decode(data)
    except (msgspec.DecodeError, RecursionError, InvalidOperation) as error:
        raise Faulty(f"{name}: is no JSON: {error}") from None
    found: dict[int, tuple[int | None, int]] = {}
    try:
        for start_ms, end_ms, nano in _rows(answer, 0):
            if end_ms is not None and not start_ms < end_ms <= start_ms + DAY_MS:
                raise ValueError(f"a price of {start_ms} ms since 1970 ends at {end_ms}")
            if found.setdefault(start_ms, (end_ms, nano))[1] != nano:
                raise ValueError(f"two prices for {start_ms} ms since 1970: ask for one home")
            if len(found) > MAX_PRICE_ROWS:
                raise ValueError(f"more than {MAX_PRICE_ROWS:,} prices")
    except ValueError as error:
        raise Faulty(f"{name}: {error}") from None
    if not found:
        if refusal := _refusal(answer):
            raise Faulty(f"{name}: answers {refusal!r}")
        raise Faulty(
            f"{name}: no prices in it; known are rows with one of {', '.join(_STARTS)} and one "
            f"of {', '.join(_PRICES)}, or lists unix_seconds and price"
        )
    return with_ends(found)


def _refusal(answer: Any) -> str:
    """What GraphQL says instead of an answer; empty: nothing."""
    errors = answer.get("errors") if isinstance(answer, dict) else None
    first = errors[0] if isinstance(errors, list) and errors else None
    message = first.get("message") if isinstance(first, dict) else None
    return message[:_MAX_REFUSAL] if isinstance(message, str) else ""


Row = tuple[int, int | None, int]
"""When a price begins, when it ends where that is said (ms since 1970 UTC), 1e-9 per kWh."""


def _rows(answer: Any, depth: int) -> Iterator[Row]:
    if depth > _MAX_DEPTH:
        return
    if isinstance(answer, list):
        for part in answer:
            yield from _rows(part, depth + 1)
    elif isinstance(answer, dict):
        if "unix_seconds" in answer:
            yield from _columns(answer)
        elif (row := _row(answer)) is not None:
            yield row
        else:
            for part in answer.values():
                yield from _rows(part, depth + 1)


def _columns(answer: Mapping[str, Any]) -> Iterator[Row]:
    times, prices = answer["unix_seconds"], answer.get("price")
    if not isinstance(times, list) or not isinstance(prices, list) or len(times) != len(prices):
        raise ValueError("unix_seconds and price are not two lists of one length")
    for time, price in zip(times, prices, strict=True):
        if price is not None:
            yield _time(time), None, _nano(price, Decimal("0.001"), answer.get("unit"))


def _row(row: Mapping[str, Any]) -> Row | None:
    """A price with its time; None: it is neither, or its price is not known yet."""
    start = next((row[name] for name in _STARTS if _is_plain(row.get(name))), None)
    priced = next((name for name in _PRICES if _is_plain(row.get(name))), None)
    if start is None or priced is None:
        return None
    end = next((row[name] for name in _ENDS if _is_plain(row.get(name))), None)
    nano = _nano(row[priced], _PRICES[priced], row.get("unit"))
    return _time(start), None if end is None else _time(end), nano


def _is_plain(value: object) -> bool:
    return isinstance(value, str | int | Decimal) and not isinstance(value, bool)


def _nano(price: Any, usual: Decimal, unit: object) -> int:
    """A price in 1e-9 of the currency per kWh."""
    per = usual
    if isinstance(unit, str) and "wh" in (text := unit.lower()):
        per = Decimal("0.001") if "mwh" in text else Decimal(1)
        if text.lstrip().startswith(("ct", "cent", "c/", "p/", "pence", "øre", "öre")):
            per /= 100
    try:
        return to_nano(Decimal(str(price)) * per)
    except (ArithmeticError, ValueError):
        raise ValueError(f"{price!r} is no price") from None


def _time(value: Any) -> int:
    """A time as ISO 8601 with its offset, or in s or ms since 1970 UTC; a quarter hour."""
    if isinstance(value, str):
        return time_ms(value)
    try:
        number = Decimal(value)
        return checked_ms(int(number if abs(number) >= _MS_FROM else number * 1_000), str(value))
    except (ArithmeticError, TypeError):
        raise ValueError(f"{value!r} is no time") from None
