"""REST, live streams, log-in, health and metrics: the service over HTTP.

rest.py      /api/v1, put together from routes/
app.py       everything that one address answers, behind one gate
auth.py      who is asking: tokens, log-ins, one gate for HTTP and websockets; open streams
middleware.py   what every request passes behind it: counts, limits, our own words
tokens.py    bearer tokens, kept hashed; one-time log-in links
problems.py  one shape for everything that goes wrong
role.py      the process
"""
