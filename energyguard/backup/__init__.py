"""Copies of a data folder: made while everything runs, checked, put back.

    manifest.py        what a copy holds, file by file
    contents.py        which files of a data folder belong into one, and how each is copied
    make.py            a copy into a folder; unchanged files are shared with the copy before
    restore.py         a data folder from a copy
    exchange.py        the same in a folder that cannot be renamed: a disk of its own
    folder_version.py  which version a folder is of: an older one is copied before it is opened
    opened.py          both before anything is written into a folder, and a look at its log
    schedule.py        the role that makes one every so often

The history is copied first and the log after it, with the position that the history had reached
before: when a copy is put back, the history reads the log again from there, and lacks nothing.
"""

from __future__ import annotations
