"""REST, live streams, log-in, health and metrics: the service over HTTP.

rest.py      /api/v1, put together from routes/
app.py       everything that one address answers, behind one gate
gate/        who is asking, and what they may
middleware.py   what every request passes behind it: counts, limits, our own words
dialects.py  other systems' dialects on the same port
bare_pages/  log-in, invitation, answers to messages, a fault
streams.py   open streams, looked at again every few seconds
problems.py  one shape for everything that goes wrong; sentences.py has its words
role.py      the process
"""
