"""The doors of the store: other systems' verbs, at the root of a port, with their codes and shapes.

Everything here is made by functions that take their parts as arguments: a ``Store``, a ``Cluster``
where there is one, tokens.

guard.py         who may come in, how much may be sent, how long it may take
shapes.py        the shapes of errors, and errors that only doors have
target.py        what a key means in a request
quorum.py        who keeps a key, and how many of them have to confirm
ranges.py        a series page by page; all series
openapi_fragments.py  what OpenAPI says of requests that go past its router
building/        the building monitor's coordinator and shards (system A)
measurements/    the measurement store (system B)
processes.py     the doors as processes
"""
