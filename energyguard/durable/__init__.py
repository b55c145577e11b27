"""Files that lose nothing: what log and store share, and whoever keeps something small.

connections.py   how a file is made, opened and read, and SQLite's errors as ours
commits.py       one writer, whose callers share transactions and syncs
atomic.py        a small file, replaced whole
secrets.py       a file that holds a secret
"""
