"""Telegrams put together as their specifications say, with sums of their own."""

from __future__ import annotations

NOW = 1_764_590_400_000  # 2025-12-01T12:00:00Z
RETURN = b"\r\n"


def crc(data: bytes, polynomial: int, start: int) -> int:
    """A cyclic sum, bit by bit."""
    found = start
    for byte in data:
        found ^= byte
        for _ in range(8):
            found = found >> 1 ^ (polynomial if found & 1 else 0)
    return found


def p1(*lines: str, header: str = r"/EGY5\253833635_A", checked: bool = True) -> bytes:
    """A telegram of DSMR P1: with a CRC as from version 4 on, or without."""
    body = RETURN.join([header.encode(), b"", *(line.encode() for line in lines), b"!"])
    return body + (f"{crc(body, 0xA001, 0):04X}".encode() if checked else b"") + RETURN


def octets(content: bytes) -> bytes:
    """An octet string of SML."""
    return bytes([len(content) + 1]) + content


def number(value: int, size: int, signed: bool = False) -> bytes:
    """A number of SML in so many bytes."""
    kind = 0x50 if signed else 0x60
    return bytes([kind | size + 1]) + value.to_bytes(size, "big", signed=signed)


def listed(*parts: bytes) -> bytes:
    """A list of SML."""
    count = len(parts)
    head = bytes([0x70 | count]) if count < 16 else bytes([0xF0 | count >> 4, count & 0x0F])
    return head + b"".join(parts)


NOTHING = b"\x01"
SERVER = bytes.fromhex("0a01445a470002c46ba8")  # 1DZG0046427048
UNITS = {"Wh": 30, "W": 27, "V": 35, "A": 33, "Hz": 44}


def entry(code: str, value: int, unit: str, scale: int, size: int = 8) -> bytes:
    """An entry of a list: ``1.8.0``, in units times a power of ten."""
    c, d, e = map(int, code.split("."))
    return listed(
        octets(bytes([1, 0, c, d, e, 255])), NOTHING, NOTHING, number(UNITS[unit], 1),
        number(scale, 1, signed=True), number(value, size, signed=True), NOTHING,
    )  # fmt: skip


def message(kind: int, body: bytes, group: int = 0) -> bytes:
    """A message of SML with its own sum."""
    parts = (octets(b"\x00\x01"), number(group, 1), number(0, 1), listed(number(kind, 4), body))
    start = bytes([0x76]) + b"".join(parts)
    return start + number(crc(start, 0x8408, 0xFFFF) ^ 0xFFFF, 2) + b"\x00"


def clock(seconds: int, kind: int = 2) -> bytes:
    """A time of SML: of kind 1 seconds since the meter began, 2 since 1970."""
    return listed(number(kind, 1), number(seconds, 4))


def sml(
    *entries: bytes,
    server: bytes = SERVER,
    time: bytes = NOTHING,
    start: int = 0xFFFF,
    more_zeros: int = 0,
) -> bytes:
    """A telegram of SML: opened, a list of values, closed, filled up with zeros."""
    opened = listed(NOTHING, NOTHING, octets(b"\x00\x02"), octets(server), NOTHING, NOTHING)
    response = listed(
        NOTHING, octets(server), octets(bytes.fromhex("0100620affff")), time,
        listed(*entries), NOTHING, NOTHING,
    )  # fmt: skip
    messages = (
        message(0x0101, opened) + message(0x0701, response) + message(0x0201, listed(NOTHING))
    )
    padding = -len(messages) % 4 + more_zeros
    escape = b"\x1b" * 4
    body = (
        escape + b"\x01" * 4 + messages.replace(escape, escape * 2) + bytes(padding)
        + escape + bytes([0x1A, padding])
    )  # fmt: skip
    end = crc(body, 0x8408, start) ^ (0xFFFF if start else 0)
    return body + end.to_bytes(2, "little")


def group(label: str, value: str, time: str | None = None, separator: str = "\t") -> bytes:
    """A group of the Linky's standard mode; with a blank as separator of the historic one."""
    content = separator.join([label, *([time] if time is not None else []), value])
    summed = content + (separator if separator == "\t" else "")
    end = chr((sum(summed.encode()) & 0x3F) + 0x20)
    return f"\n{content}{separator}{end}\r".encode()


def tic(*groups: bytes) -> bytes:
    """A frame of the Linky."""
    return b"\x02" + b"".join(groups) + b"\x03"


def historic(**groups: str) -> bytes:
    """A frame of the Linky's historic mode."""
    return tic(*(group(label, value, separator=" ") for label, value in groups.items()))
