"""Every limit on what strangers may send, hold or wait for: one place for all ports.

The ports are page and API, the doors of older systems, the history's door, metrics, and the
transport of the store. Some of these limits are also settings, whose defaults are taken from here.
Limits of what is *in* a body (rows, numbers, names) belong to the codecs (``codecs/``).
"""

from __future__ import annotations

# A connection, whatever port it comes to
HEAD_S = 10.0
"""From a connection, or from the first byte of a further request, to the end of its headers."""
HEAD_BYTES = 65_536
"""Of a request's line and headers."""
HEADERS = 200
BODY_S = 20.0
"""For a body, and a second more for every `BODY_BYTES_A_SECOND` that have come."""
BODY_BYTES_A_SECOND = 500
KEEP_ALIVE_S = 15.0
"""A connection on which no further request comes."""
STUCK_S = 60.0
"""A client takes nothing of its answer for this long, or the network confirms nothing."""
PIPELINED = 64
"""Requests that wait behind one another on a connection."""

# A process that listens
CONNECTIONS = 1_024
"""At once (`serve.connections`). At the cap the one that has waited longest for its client goes."""
FILES_KEPT_FREE = 64
"""Of the files that the process may open: for databases and for what it calls itself."""
ACCEPTED_AT_ONCE = 8
"""Accepted before the first of them is looked at."""
STREAMS = 256
"""Open pages and live streams at once (`serve.streams`)."""
SOCKET_MESSAGE_BYTES = 2**20
"""A message of a browser on a websocket."""

# A request
BODY_BYTES = 32 * 2**20
"""`serve.body_limit`, and the same at the doors of older systems."""
UNPACKED_BODIES = 4
"""A packed body of a dialect may unpack to so many of the greatest length."""
BODIES_AT_ONCE = 8
"""Bodies of the greatest length that may be held in memory at once."""
PAGE_S = 60.0
"""To build a page, before one is shown that says so."""
PAGE_SILENT_S = 15.0
"""The live connection of a page that says nothing is given up after somewhat more (1.2 times)."""
PAGE_KEPT_S = 60.0
"""A page that lost its connection is kept so long: a phone in a pocket, a line that is away."""
LOGIN_BODY_BYTES = 16_384
STATEMENT_BYTES = 2**20
"""Of a statement at the history's door."""
QUESTION_BYTES = 16 * STATEMENT_BYTES
"""There, of the parameters of a question of ours: it names every device that may be read."""
QUESTIONS_AT_ONCE = 32
"""At the history's door, those that wait for a reader too."""
QUESTION_S = 60
"""The engine works on an answer for so long."""
QUESTION_WAITS_S = 10
"""For one of the connections that read."""
ANSWER_S = QUESTION_S + QUESTION_WAITS_S + 2.0
"""At the history's door, from a question to its answer, whatever the engine does."""

# Who may do what how often
REQUESTS_A_SECOND = 200.0
"""Of one token or address, over `RATE_OVER_S` (`serve.rate_limit`)."""
RATE_OVER_S = 10.0
FAILED_LOGINS = 10
"""Of one address at once; afterwards one every `FAILED_LOGIN_S`."""
FAILED_LOGIN_S = 6.0
NEW_DEVICES_AN_HOUR = 10_000
"""Names that nobody has sent before, of one token (`serve.new_devices`)."""
SESSIONS = 1_000
"""Log-ins of people at once; the oldest one ends."""
SHARED_S = 1.0
"""`/readyz` and `/metrics` give an answer again for this long, whoever asks."""
SHARED_WAIT_S = 10.0
"""They wait for one for at most this long."""
STILL_WELCOME_S = 2.0
"""How often an open stream's log-in is looked at again."""

# The transport between nodes of the store
GREETING_S = 5.0
GREETING_BYTES = 4_096
UNGREETED = 64
"""Callers who have not greeted yet, at once."""
FRAME_BYTES = 64 * 2**20
"""Of a node that is known."""
