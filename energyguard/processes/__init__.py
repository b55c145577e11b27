"""Processes of a data folder: who runs, who is kept alive, how a role plays.

registry.py      which processes live: a file each, locked while its process lives
role_runner.py   a role in a process, which waits in place where its disk is full
supervisor.py    child processes that are started again
"""
