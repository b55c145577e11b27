"""What every dialect promises, shown on its own example: a new one is tested by being there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from energyguard.codecs.dialect import Dialect
from energyguard.codecs.files import read_blocks
from energyguard.codecs.formats import decode, sniff
from energyguard.codecs.headers import Dialects, known, layout_of_object
from energyguard.errors import ConfigError

RECOGNISED = [d for d in known().all if d.is_recognised]
"""All but those whose requests say it, or who names the shape: ``tests/dialects`` has these."""
ALL = pytest.mark.parametrize("dialect", RECOGNISED, ids=lambda dialect: dialect.name)
TEXT = pytest.mark.parametrize(
    "dialect", [d for d in RECOGNISED if not d.begins], ids=lambda dialect: dialect.name
)
HEADED = pytest.mark.parametrize(
    "dialect", [d for d in known().all if d.header], ids=lambda dialect: dialect.name
)


def readings(data: bytes) -> list[dict[str, object]]:
    """What a message comes to, of which every row is sound."""
    _, decoded = decode(data, device="somebody")
    assert decoded.refused == ()
    return decoded.batch.to_pylist()  # type: ignore[no-any-return]


@ALL
def test_its_example_is_recognised_and_decoded(dialect: Dialect) -> None:
    found = sniff(dialect.example)
    assert found.name == (dialect.name if dialect.name in known().names else "json")
    assert readings(dialect.example)


@ALL
def test_no_other_dialect_has_its_example(dialect: Dialect) -> None:
    others = Dialects([other for other in known().all if other is not dialect])
    assert others.of_bytes(dialect.example) is None
    if dialect.fields:
        assert others.of_object(dialect.fields) is None
        assert layout_of_object(dict.fromkeys(dialect.fields).keys()) is dialect.layout


@TEXT
def test_a_bad_row_costs_its_neighbours_nothing(dialect: Dialect) -> None:
    lines = dialect.example.removesuffix(b"\n").split(b"\n")
    _, decoded = decode(b"\n".join([*lines, b"?", lines[-1]]), device="somebody")
    (refused,) = decoded.refused
    assert refused.row == len(lines) + 1
    assert refused.reason
    assert refused.original == b"?"
    again = decode(lines[-1], refused.shape, headed=False)[1].batch.to_pylist()
    assert again
    assert again == readings(dialect.example)[-len(again) :]  # its letter says how it is decoded
    rows = decoded.batch.to_pylist()
    alone = readings(dialect.example)
    assert rows[: len(alone)] == alone
    assert rows[-1] == alone[-1]


@ALL
def test_damage_is_refused_with_a_reason(dialect: Dialect) -> None:
    _, decoded = decode(dialect.example[: len(dialect.example) * 2 // 3], device="somebody")
    assert decoded.refused or dialect.example.count(b"\n") > 1
    assert all(row.reason for row in decoded.refused)


@ALL
@pytest.mark.parametrize("block_bytes", [1, 7, 64, 1 << 20])
def test_any_split_of_a_file_gives_the_same(
    tmp_path: Path, dialect: Dialect, block_bytes: int
) -> None:
    path = tmp_path / "somebody.txt"
    path.write_bytes(dialect.example)
    parts = [decoded for _, decoded in read_blocks(path, block_bytes=block_bytes)]
    assert [row for part in parts for row in part.batch.to_pylist()] == readings(dialect.example)
    assert not any(part.refused for part in parts)


@HEADED
def test_a_header_with_another_column_refuses_the_file(dialect: Dialect) -> None:
    assert dialect.layout is not None
    header = ",".join(dialect.layout.columns).encode()
    _, decoded = decode(dialect.example.replace(header, header + b",odd"), device="somebody")
    (refused,) = decoded.refused
    assert "odd' is not known" in refused.reason
    assert not decoded.batch.num_rows


def test_two_dialects_are_not_recognised_by_the_same() -> None:
    for dialect in known().all:
        other = replace(dialect, name="other")
        if dialect.fields or dialect.header or dialect.begins:
            with pytest.raises(ConfigError, match=f"'{dialect.name}' and 'other'"):
                Dialects([dialect, other])
    with pytest.raises(ConfigError, match="the name 'csv'"):
        Dialects([known().all[0], replace(known().all[1], name="csv")])
