"""Ports over HTTP: one server for page, API, older systems' verbs, history and metrics.

    connections.py   time limits and caps of connections, whatever is behind the port
    server.py        listens, serves an ASGI application until told to stop
    metrics.py       what a process counts, for Prometheus

What is behind a port never waits for a client that does not speak, or does not listen.
"""
