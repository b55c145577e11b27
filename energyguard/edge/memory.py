"""An edge has little memory: what its libraries keep for later is bounded, and given back."""

from __future__ import annotations

import ctypes

SQLITE_BYTES = 12 * 2**20
"""Pages of the log that SQLite keeps in memory, of all connections together."""
_M_ARENA_MAX = -8
_ARENAS = 2


def go_small() -> None:
    """Bound what is kept for later by SQLite, Arrow and the C library, in this process."""
    import apsw
    import pyarrow as pa

    apsw.soft_heap_limit(SQLITE_BYTES)
    pa.set_memory_pool(pa.system_memory_pool())
    mallopt = getattr(_c_library(), "mallopt", None)
    if mallopt is not None:  # glibc: else each of many threads has a heap of its own
        mallopt(_M_ARENA_MAX, _ARENAS)


def give_back() -> None:
    """Let the system have what is free. Cheap; to be called now and then."""
    trim = getattr(_c_library(), "malloc_trim", None)
    if trim is not None:
        trim(0)


def _c_library() -> ctypes.CDLL:
    return ctypes.CDLL(None)
