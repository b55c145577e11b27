"""An edge has little memory: what its libraries keep for later is bounded, and given back.

More than half of what a process has in memory are pages of shared libraries, and most of those were
touched once, while the libraries were loaded: tables of symbols, relocations, the registration of
functions that nobody calls here. They are as they stand in the files, and who needs one again reads
it from there.
"""

from __future__ import annotations

import ctypes
import mmap
import os
from collections.abc import Iterator

SQLITE_BYTES = 4 * 2**20
"""Pages of the log that SQLite keeps in memory, of all connections together."""
_BEFORE_LOADING = {
    "OPENBLAS_NUM_THREADS": "1",  # numpy's: no algebra here, and each thread has buffers
    "ARROW_DEFAULT_MEMORY_POOL": "system",  # the C library's, which gives back what is free
}
_MALLOC = {
    -8: 2,  # M_ARENA_MAX: else each of many threads has a heap of its own
    -3: 128 * 2**10,  # M_MMAP_THRESHOLD: else it grows, and frames of the line tear holes in a heap
    -1: 128 * 2**10,  # M_TRIM_THRESHOLD
}
"""Of glibc."""
_MADV_DONTNEED = 4
_LOADED, _WRITABLE = 1, 2  # PT_LOAD, PF_W


class _Segment(ctypes.Structure):
    """``Elf64_Phdr``: a part of a shared library."""

    _fields_ = (
        ("kind", ctypes.c_uint32),
        ("rights", ctypes.c_uint32),
        ("offset", ctypes.c_uint64),
        ("address", ctypes.c_uint64),
        ("physical", ctypes.c_uint64),
        ("file_size", ctypes.c_uint64),
        ("size", ctypes.c_uint64),
        ("align", ctypes.c_uint64),
    )


class _Library(ctypes.Structure):
    """``struct dl_phdr_info``, the part of it that every C library has."""

    _fields_ = (
        ("base", ctypes.c_size_t),
        ("path", ctypes.c_char_p),
        ("segments", ctypes.c_size_t),
        ("count", ctypes.c_uint16),
    )


_Visit = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.POINTER(_Library), ctypes.c_size_t, ctypes.c_void_p)


def go_small() -> None:
    """Load Arrow so that it keeps little; bound what it, SQLite and the C library keep for later.

    To be called before the process loads numpy or Arrow: what they take while they are loaded would
    else be the most that it ever has.
    """
    for name, value in _BEFORE_LOADING.items():
        os.environ.setdefault(name, value)
    import apsw
    import pyarrow as pa

    apsw.soft_heap_limit(SQLITE_BYTES)
    pa.set_memory_pool(pa.system_memory_pool())
    mallopt = getattr(_c_library(), "mallopt", None)
    if mallopt is not None:
        for option, limit in _MALLOC.items():
            mallopt(option, limit)
    release_libraries()


def release_libraries() -> None:
    """Let the system have the pages of shared libraries; for the end of a time of loading.

    No other thread may load a library meanwhile. Takes a few milliseconds, and as many where the
    pages that are in use come back.
    """
    madvise = getattr(_c_library(), "madvise", None)
    if madvise is None:
        return
    madvise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    for begin, end in read_only_segments():
        madvise(begin, end - begin, _MADV_DONTNEED)


def read_only_segments() -> Iterator[tuple[int, int]]:
    """Where the segments of libraries lie that nobody writes to, not even the loader: code, tables.

    Whole pages, from and to. Empty where the C library does not say it, and where addresses have 32
    bits.
    """
    visit = getattr(ctypes.PyDLL(None), "dl_iterate_phdr", None)  # the interpreter stays ours
    if visit is None or ctypes.sizeof(ctypes.c_void_p) != 8:
        return
    libraries: list[tuple[int, int, int]] = []

    def note(library: ctypes._Pointer[_Library], size: int, given: int | None) -> int:
        known = library.contents  # as little as can be: the loader is locked
        if b"/" in (known.path or b""):  # neither the program nor what the kernel brings
            libraries.append((known.base, known.segments, known.count))
        return 0

    try:
        visit(_Visit(note), None)
    except MemoryError:  # no code may be made at run time, and libffi has no other way
        return
    page = mmap.PAGESIZE
    for base, segments, count in libraries:
        for segment in (_Segment * count).from_address(segments):
            if segment.kind == _LOADED and not segment.rights & _WRITABLE:
                begin, end = base + segment.address, base + segment.address + segment.size
                yield begin // page * page, -(-end // page) * page


def give_back() -> None:
    """Let the system have what is free. Cheap; to be called now and then."""
    trim = getattr(_c_library(), "malloc_trim", None)
    if trim is not None:
        trim(0)


def _c_library() -> ctypes.CDLL:
    return ctypes.CDLL(None)
