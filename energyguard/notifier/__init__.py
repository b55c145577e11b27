"""The role ``notifier``: tells people outside of the house of alerts, once.

planning.py   which deliveries an alert event means, and when each is due
house.py      routes, names, silences, and who has which alert, as the log has them
flapping.py   what comes and goes is told once
together.py   what of a route waits for the rest of its incident; incident_words.py: what is said
message.py    deliveries of one route as one message, in words; message_part.py: one alert of it
subjects.py   what happened in a few words; mail_html.py: frame, cards and buttons of mail
reports.py    which reports of sites are due; report_words.py: what they say
flights.py    messages on their way
notifier.py   the loop: plans and positions in one commit, then sends, then says how it went
role.py       plays it
"""
