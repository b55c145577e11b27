"""The store on one Valkey or on a Valkey Cluster: the contract, through ``valkey-py``.

client.py    connections; Valkey's errors as ours; how disks are asked to confirm
servers.py   whom to ask, and how long
commands.py  what servers are asked: rows as members of sorted sets
store.py     all of it as a ``Store``
"""

from energyguard.store.valkey.store import ValkeyStore

__all__ = ["ValkeyStore"]
