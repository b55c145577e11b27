"""The doors of the store: other systems' verbs, at the root of a port, with their codes and shapes.

Everything here is made by functions that take their parts as arguments: a ``Store``, a ``Cluster``
where there is one, tokens.

guard.py         who may come in, how much may be sent, how long it may take
shapes.py        the shapes of errors, and errors that only doors have
target.py        what a key means in a request
quorum.py        who keeps a key, and how many of them have to confirm
ranges.py        a series page by page; all series
keys.py          PUT, GET and DELETE of one key
batches.py       the same of many
fast_path.py     both as plain ASGI: nothing stands between the socket and the store
openapi_fragments.py  what OpenAPI says of fast_path.py
building.py      the building monitor's coordinator (system A)
sharding.py      its verbs for nodes
thresholds.py    its thresholds
shard.py         its shard
measurements.py  the measurement store (system B)
answers.py       the bodies of its requests and answers
readings.py      its measurements, as they are sent, kept and shown
sensors.py       taking them in, and asking for them
alarms.py        its thresholds and alerts
nodes.py         its verbs for nodes
"""
