"""The building monitor's verbs (system A).

coordinator.py   the door: keys, thresholds, notifications, nodes
keys.py          PUT, GET and DELETE of one key; batches.py: of many
fast_path.py     both as plain ASGI: nothing stands between the socket and the store
thresholds.py    its thresholds; notifications.py, broadcasts.py: who hears of what is above them
sharding.py      its verbs for nodes; shard.py: its shard
"""
