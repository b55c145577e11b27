"""What was used at least and at most: of a device by its entries, of others added up."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from energyguard.model.days import ms_of
from energyguard.service.explain.contract import BoundedEnergy

Query = Callable[..., pa.Table]


def bounds_of_device(query: Query, device: str, borders: Sequence[int]) -> list[BoundedEnergy]:
    """What a device used between borders (ms, increasing, at least two)."""
    rows = query(
        "bounds_between",
        device=device,
        start_ms=borders[0],
        end_ms=borders[-1],
        borders=",".join(map(str, borders)),
    )
    names = ("kwh", "import_kwh", "export_kwh", "low", "high", "covered_ms")
    return [
        BoundedEnergy(ms_of(row["start"]), ms_of(row["end"]), *(row[name] for name in names))
        for row in rows.to_pylist()
    ]


def spoken_until(query: Query, device: str, start_ms: int, end_ms: int) -> int:
    """Where the newest entry of a time ends: a reading may speak of what comes after it."""
    ends = query("entries", device=device, start_ms=start_ms, end_ms=end_ms)["end"]
    return ms_of(pc.max(ends).as_py()) if len(ends) else start_ms


def bounds_of(
    query: Query, weights: Mapping[str, int], borders: Sequence[int]
) -> list[BoundedEnergy]:
    """The signed sum of devices between borders."""
    found = [(w, bounds_of_device(query, device, borders)) for device, w in weights.items()]
    steps = range(len(borders) - 1)
    return [added((weight, rows[n]) for weight, rows in found) for n in steps]


def added(parts: Iterable[tuple[int, BoundedEnergy]]) -> BoundedEnergy:
    """The signed sum of what was used in one time; what one of them does not know it does not."""
    found = list(parts)

    def total(plus: str, minus: str) -> float | None:
        amounts = [(w, getattr(part, plus if w > 0 else minus)) for w, part in found]
        if any(amount is None for _, amount in amounts):
            return None
        return float(sum(weight * amount for weight, amount in amounts))

    known = [(weight, part.kwh) for weight, part in found if part.kwh is not None]
    start_ms, end_ms = min(p.start_ms for _, p in found), max(p.end_ms for _, p in found)
    single = found[0][1] if len(found) == 1 else None
    return BoundedEnergy(
        start_ms,
        end_ms,
        sum(weight * kwh for weight, kwh in known) if known else None,
        single and single.import_kwh,
        single and single.export_kwh,
        total("low", "high"),
        total("high", "low"),
        _covered([part.coverage for _, part in found], end_ms - start_ms),
    )


def _covered(shares: Sequence[float | None], length_ms: int) -> int | None:
    """The mean of shares of a time, in ms; None: one of them is not known."""
    known = [share for share in shares if share is not None]
    return round(sum(known) / len(known) * length_ms) if len(known) == len(shares) else None
