"""An operator's state as parts: named byte strings, of which only the changed are written.

Sealed pieces of a ring never change, so each is written once; panes are made again from the ring.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import msgspec
import numpy as np
import pyarrow as pa

from energyguard.model.readings import SCHEMA, ReadingBatch
from energyguard.rules.kinds import decoding
from energyguard.rules.rule import Rule
from energyguard.stream.time.clock import PartitionClock
from energyguard.stream.time.witnesses import Witnesses
from energyguard.stream.windows.channels.channel_operator import ChannelOperator
from energyguard.stream.windows.episodes.episode import Episode
from energyguard.stream.windows.places import DevicePlaces
from energyguard.stream.windows.readings.recent_readings import ReadingRun
from energyguard.stream.windows.rhythm.silences import Silences
from energyguard.stream.windows.values import ValueRules

_CLOCK = (
    "newest", "decided", "reached", "alone", "passed", "step", "in_row", "against",
    "waiting_device",
)  # fmt: skip
_CODEC = pa.Codec("zstd", compression_level=1)
LEARNED, _VALUES = "learned/", "values/"
"""What values' rules have learned is written when it has changed, the rest with every snapshot."""


class WindowState(Protocol):
    """What the operator of windows holds."""

    clock: PartitionClock
    devices: list[str]
    silences: Silences
    places: DevicePlaces
    rules: list[Rule]
    lanes: dict[str, ChannelOperator]
    values: ValueRules
    kept: dict[str, bytes]
    saved: set[str]

    def runs(self, rules: Sequence[Rule]) -> list[Rule]:
        """Those of some rules that it runs."""
        ...

    def lane(self, channel: str) -> ChannelOperator:
        """The lane of a channel, made on first use."""
        ...


def dump(value: Any) -> bytes:
    """Numbers, text, lists, arrays and structs to compressed bytes."""
    raw = msgspec.msgpack.encode(value, enc_hook=_array_out)
    packed: bytes = _CODEC.compress(raw, asbytes=True)
    return len(raw).to_bytes(8, "little") + packed


def load(data: bytes) -> Any:
    """What ``dump`` was given, with arrays as ``_Array`` dicts unfolded."""
    size = int.from_bytes(data[:8], "little")
    raw: bytes = _CODEC.decompress(data[8:], size, asbytes=True)
    return _array_in(msgspec.msgpack.decode(raw))


def _array_out(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return {"_dtype": value.dtype.str, "_data": np.ascontiguousarray(value).tobytes()}
    if isinstance(value, np.integer):
        return int(value)
    raise TypeError(f"cannot be saved: {type(value).__name__}")


def _array_in(value: Any) -> Any:
    if isinstance(value, dict):
        if "_dtype" in value:
            return np.frombuffer(value["_data"], value["_dtype"]).copy()
        return {key: _array_in(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_array_in(item) for item in value]
    return value


def _clock_out(clock: PartitionClock) -> dict[str, Any]:
    return {
        **{name: getattr(clock, name) for name in _CLOCK},
        "witnesses": clock.witnesses.value,
        "waiting": None if clock.waiting is None else _batch_out(clock.waiting),
    }


def save_windows(windows: WindowState) -> dict[str, bytes | None]:
    """The parts that changed since the last call; None for those that are gone."""
    silences, tracker = windows.silences, windows.silences.tracker
    parts: dict[str, bytes | None] = {
        **windows.kept,
        "clock": dump(_clock_out(windows.clock)),
        "devices": dump([windows.devices, silences.newest, *tracker.save()]),
        "rules": dump([msgspec.to_builtins(rule) for rule in windows.rules]),
    }
    if windows.places.revision is not None:
        parts["catalogue"] = dump(windows.places.revision)
        parts["retired"] = dump(windows.places.heeds_retired)
    if silences.of_rules:
        parts["silences"] = dump(silences.save())
    known = windows.values.save()
    parts |= {name: dump(one) for name, one in known.items()}
    windows.saved = _still_there(windows.saved, known)
    for channel, lane in windows.lanes.items():
        registers = lane.registers
        parts[f"lane/{channel}"] = dump(
            {
                **lane.save(),
                "newest": lane.newest,
                "last_time": registers.last_time,
                "last_value": registers.last_value,
                "old_time": registers.old_time,
                "old_value": registers.old_value,
                "episodes": {
                    state.rule.id: [msgspec.to_builtins(e) for e in state.episodes.values()]
                    for state in lane.rule_states
                },
            }
        )
        lane.ring.seal()
        prefix = f"ring/{channel}/"
        have = {f"{prefix}{serial}" for serial in lane.ring.sealed}
        saved = {name for name in windows.saved if name.startswith(prefix)}
        for name in saved - have:
            parts[name] = None
        for serial, piece in lane.ring.sealed.items():
            if f"{prefix}{serial}" not in saved:
                parts[f"{prefix}{serial}"] = dump([*piece.unpacked()])
        windows.saved = (windows.saved - saved) | have
    return parts


def _still_there(saved: set[str], known: Mapping[str, Any]) -> set[str]:
    """The names that a snapshot leaves: of what was learned those of rules that still run."""
    own = {name for name in known if name.startswith(LEARNED)}
    return own | {
        name
        for name in saved
        if not name.startswith(LEARNED) or _VALUES + name.removeprefix(LEARNED) in known
    }


def load_windows(windows: WindowState, parts: Mapping[str, bytes]) -> None:
    """Make an empty operator be as it was."""
    clock = load(parts["clock"])
    for name in _CLOCK:
        if name in clock:  # an old snapshot has fewer
            setattr(windows.clock, name, clock[name])
    if "witnesses" in clock:
        windows.clock.witnesses = Witnesses(clock["witnesses"])
    windows.clock.waiting = clock["waiting"] and _batch_in(clock["waiting"])
    _load_devices(windows, load(parts["devices"]))
    pinned = load(parts["catalogue"]) if "catalogue" in parts else None
    # one from before rules heeded who is retired does not say so
    heeds = pinned is None or ("retired" in parts and bool(load(parts["retired"])))
    windows.places.pin(pinned, windows.clock.newest, heeds_retired=heeds)
    windows.rules = windows.runs(rules_of(parts))
    saved_silences = load(parts["silences"]) if "silences" in parts else {}
    windows.silences.restore(windows.rules, saved_silences)
    windows.saved = {name for name in parts if name.startswith(("ring/", LEARNED))}
    for name in parts:
        if not name.startswith("lane/"):
            continue
        channel = name.removeprefix("lane/")
        saved = load(parts[name])
        lane = windows.lane(channel)
        lane.newest = saved["newest"]
        for column in ("last_time", "last_value", "old_time", "old_value"):
            setattr(lane.registers, column, saved[column])
        lane.grow(len(windows.devices))
        _load_ring(lane.ring, f"ring/{channel}/", parts)
        lane.restore(saved)
        lane.run_rules(windows.rules, windows.clock.newest)
        for state in lane.rule_states:
            episodes = msgspec.convert(saved["episodes"].get(state.rule.id, []), list[Episode])
            for episode in episodes:
                if not episode.window_end_ms:  # of a snapshot that did not say so
                    episode.window_ms = state.rule.window_ms
                    episode.window_end_ms = episode.first_end * state.rule.slide_ms
                state.episodes[episode.key] = episode
    windows.values.restore(
        windows.rules,
        windows.silences.quiet,
        lambda name: load(parts[name]) if name in parts else None,
    )


def rules_of(parts: Mapping[str, bytes]) -> list[Rule]:
    """The rules that ran at a snapshot."""
    return msgspec.convert(load(parts["rules"]), list[Rule], dec_hook=decoding)


def _load_devices(windows: WindowState, saved: list[Any]) -> None:
    """Names, newest readings, silences and rhythms of all devices."""
    silences = windows.silences
    windows.devices[:], silences.newest, since, *rhythm = saved
    if rhythm:
        silences.tracker.restore(since, *rhythm)
        return
    silent = since  # a snapshot from before rhythms were known: who is silent, no more
    silences.tracker.grow(len(silent))
    silences.tracker.since[silent] = silences.newest[: len(silent)][silent]


def _load_ring(ring: Any, prefix: str, parts: Mapping[str, bytes]) -> None:
    serials = sorted(int(n.removeprefix(prefix)) for n in parts if n.startswith(prefix))
    for serial in serials:
        ring.sealed[serial] = ReadingRun.of(*load(parts[f"{prefix}{serial}"]))
    ring.next_serial = serials[-1] + 1 if serials else 0


def _batch_out(batch: ReadingBatch) -> dict[str, Any]:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, SCHEMA) as writer:
        writer.write_batch(batch.readings)
    return {
        "readings": sink.getvalue().to_pybytes(),
        "columns": [batch.time, batch.value, batch.sequence, batch.appended_ms, batch.offset],
    }


def _batch_in(saved: Mapping[str, Any]) -> ReadingBatch:
    table = pa.ipc.open_stream(saved["readings"]).read_all().combine_chunks()
    return ReadingBatch(table.to_batches()[0], *saved["columns"])
