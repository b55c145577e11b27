"""The life of an alert: what the worker saw, and what people did about it.

book.py       the alert book: a fold of two topics, the same on any backend and after any restart
attention.py  what people did about an alert
alert.py      one alert as the book knows it
silences.py   standing silences: by device, site or rule; recurrence.py: spans that come again
incidents.py  silences of one cause, folded by where devices stand; flapping.py: what comes and goes
"""
