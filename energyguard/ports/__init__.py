"""Ports over HTTP: one server for page, API, older systems' verbs, history and metrics.

    connections.py   time limits and caps of connections, whatever is behind the port
    sockets.py       listens; how many connections a process can have
    server.py        serves an ASGI application until told to stop
    policy.py        how often callers come; what browsers may do with an answer
    page_parts.py    pages that are sent part by part, compressed
    metrics.py       what a process counts, for Prometheus

What is behind a port never waits for a client that does not speak, or does not listen.
"""
