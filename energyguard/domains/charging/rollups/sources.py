"""How queries read what happened at chargers: from days, hours, and raw rows at the edges."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from energyguard.history.rollup_kind import script
from energyguard.history.sources import Level, Piece, Source, as_time, in_piece

PLACED: Final = " ".join(script(Path(__file__).parent, "placed_chargers").split())
"""Chargers with where they stand; a plug of which only its charger is listed stands there, too."""
LISTED_BAYS: Final = " ".join(script(Path(__file__).parent, "listed_bays").split())
"""Chargers that are listed and bays of their own."""
_AT: Final = (
    "SELECT charger FROM chargers FINAL WHERE if(station = '', charger, station) = {station:String}"
)
_OF: Final = "arrayStringConcat(arrayPopBack(splitByChar('/', charger)), '/')"
_LISTED: Final = "(SELECT charger FROM chargers)"
_HERE: Final = (  # as ``PLACED`` says, and without its join
    f" AND charger IN ({_AT} UNION ALL SELECT charger FROM standing"
    f" WHERE position(charger, '/') > 0 AND charger NOT IN {_LISTED} AND {_OF} IN ({_AT})"
    f" UNION ALL SELECT {{station:String}} WHERE {{station:String}} NOT IN {_LISTED})"
)
_LEVELS: Final = (Level("charging_1d", 86_400), Level("charging_1h", 3600, "toStartOfDay"))
_ALL: Final = (Level("charging_all_1h", 3600),)


def _occupied(piece: Piece) -> str:
    """Occupied time has no raw rows: an hour's roll-up has its occupied pieces."""
    low, high = piece
    hours = (low // 3600 * 3600, -(-high // 3600) * 3600)
    from_s, to_s = (f"toInt64({at}) - toUnixTimestamp(bucket)" for at in piece)
    return (
        "SELECT charger, bucket, toUInt64(arraySum(p -> "
        f"greatest(least(p.2, {to_s}) - greatest(p.1, {from_s}), 0), pieces)) AS occupied_s "
        f"FROM charging_1h FINAL WHERE {in_piece('bucket', hours, 'toStartOfDay', as_time)}"
    )


def _summed(source: Source) -> Source:
    """With the sums of all chargers, which queries of all read step by step."""
    columns = source.columns.replace("charger,", "'' AS charger,")
    return source._replace(together=source._replace(columns=columns, levels=_ALL))


_REVISED: Final = "(SELECT charger FROM stays WHERE withdrawn = 1)"
_STAYS = Source(
    _LEVELS,
    "charger, bucket, stays, stayed_s",
    "charger, start_parking AS bucket, toUInt64(1) AS stays, "
    "toUInt64(greatest(dateDiff('second', start_parking, end_parking), 0)) AS stayed_s",
    "start_parking",
    "stays",
    here=_HERE,
    ends=(  # only where some were withdrawn the newest revisions have to be found
        "SELECT min(start_parking) AS first_at, max(end_parking) AS last_at FROM stays"
        f" WHERE charger NOT IN {_REVISED} HAVING count() > 0"
        " UNION ALL"
        " SELECT min(start_parking) AS first_at, max(end_parking) AS last_at FROM stays FINAL"
        f" WHERE charger IN {_REVISED} HAVING count() > 0"
    ),
)
_CHARGES = Source(
    _LEVELS,
    "charger, bucket, charges, timed, charged_s, energy, cents, to_whole, to_thousandth",
    "charger, start AS bucket, toUInt64(1) AS charges, toUInt64(isNotNull(end)) AS timed, "
    "toUInt64(greatest(ifNull(dateDiff('second', start, end), 0), 0)) AS charged_s, "
    "energy, cents, to_whole, to_thousandth",
    "start",
    "charges",
    here=_HERE,
)
_VIOLATIONS = Source(
    _LEVELS,
    "charger, bucket, no_charge, before, after",
    "charger, time AS bucket, toUInt64(kind = 'Parking without charging') AS no_charge, "
    "toUInt64(kind = 'Long parking before recharging') AS before, "
    "toUInt64(kind = 'Long parking after recharging') AS after",
    "time",
    "violations",
    here=_HERE,
)
_CURVE = Source(
    (Level("occupied_1h", 3600),),
    "source, bucket, seconds, total, least, most",
    "source, time AS bucket, toUInt64(1) AS seconds, occupied AS total, occupied AS least, "
    "occupied AS most",
    "time",
    "occupied",
    "",
)
SOURCES: Final[Mapping[str, Source]] = {
    "stays": _summed(_STAYS),
    "charges": _summed(_CHARGES),
    "violations": _VIOLATIONS,
    "occupied": Source(_LEVELS, "charger, bucket, occupied_s", part=_occupied, here=_HERE),
    "curve": _CURVE,
}
"""By what a query calls them: ``stays_in(…)``, and ``stays_by_step(…)``."""
