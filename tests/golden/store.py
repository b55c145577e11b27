"""How golden data is kept: as text where it is short, else gzipped with no time in it."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.golden.logfile import Stored

DATA = Path(__file__).parent / "data"
MAX_PLAIN = 40_000
MAX_BYTES = 500_000


def shown(data: bytes | None) -> Any:
    """Bytes as text where they are text."""
    if data is None:
        return None
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(data).decode()}
    return text if text.isprintable() else {"base64": base64.b64encode(data).decode()}


def record_line(one: Stored) -> str:
    """A record with everything that a reader of its topic sees."""
    return line(
        {
            "topic": one.topic,
            "partition": one.partition,
            "offset": one.offset,
            "at_ms": one.at_ms,
            "key": shown(one.key),
            "headers": [[name, shown(value)] for name, value in one.headers],
            "value": shown(one.value),
        }
    )


def stored(line: str) -> Stored:
    """The record of such a line."""
    told = json.loads(line)
    return Stored(
        told["topic"],
        told["partition"],
        told["offset"],
        _bytes(told["key"]),
        _bytes(told["value"]),
        tuple((name, _bytes(value) or b"") for name, value in told["headers"]),
        told["at_ms"],
    )


def _bytes(shown: Any) -> bytes | None:
    if isinstance(shown, dict):
        return base64.b64decode(shown["base64"])
    return None if shown is None else str(shown).encode()


def line(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def text_of(lines: Iterable[str]) -> bytes:
    return "".join(f"{one}\n" for one in lines).encode()


def keep(name: str, data: bytes) -> None:
    """Write golden data; gzipped where it is long."""
    plain, packed = DATA / name, DATA / f"{name}.gz"
    is_long = len(data) > MAX_PLAIN
    (plain if is_long else packed).unlink(missing_ok=True)
    if is_long:
        data = gzip.compress(data, 9, mtime=0)
    path = packed if is_long else plain
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_bytes() != data:
        path.write_bytes(data)


def kept(name: str) -> bytes:
    """Golden data as it was written."""
    packed = DATA / f"{name}.gz"
    return gzip.decompress(packed.read_bytes()) if packed.exists() else (DATA / name).read_bytes()


def exists(name: str) -> bool:
    return (DATA / name).exists() or (DATA / f"{name}.gz").exists()


def differences(found: bytes, wanted: bytes) -> list[str]:
    """Lines that one of the two has alone, at their places; the first of them."""
    theirs, ours = wanted.decode().splitlines(), found.decode().splitlines()
    lines = [
        f"{number}:\n  golden: {a}\n  found:  {b}"
        for number, (a, b) in enumerate(zip(theirs, ours, strict=False), 1)
        if a != b
    ]
    if len(theirs) != len(ours):
        lines.append(f"golden has {len(theirs)} lines, found are {len(ours)}")
    return lines[:5]
