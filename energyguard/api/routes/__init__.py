"""The routes of /api/v1, by what they are about.

asked.py      what a request asks for: times, a time range
answers.py    the bodies of answers, as OpenAPI shows them
readings.py   send and read readings, devices
queries.py    whatever the history's queries answer: routes and row types from their headers
past.py       the newest windows over their thresholds
bays.py       bays of chargers as they are now
alerts.py     alerts and what people do with them
notify.py     who is told outside of the house, and what was sent
silences.py   standing silences: by device, site or rule
rules.py      rules and which of them run
quality.py    how readings ended; dead letters
cluster.py    the nodes of the store
live.py       the live stream (SSE)
"""
