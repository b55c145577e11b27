"""REST, live streams, log-in, health and metrics; and the desk, which page, API and CLI share.

desk.py       everything that may be asked or done, in one place
views.py      what the desk shows: plain frozen data
live.py       a fold of the log's newest records, and its subscribers
auth.py       who is asking: tokens, sessions, one middleware for HTTP and websockets
tokens.py     bearer tokens, kept hashed; one-time log-in links
api.py        /api/v1, put together from routes/
verbs/        the doors of the store: other systems' verbs
role.py       the process
"""
