"""Results back to the house: what each device draws, used today, and whether it has an alert.

measured.py   the results of all devices, from the service
messages.py   how Home Assistant is told: discovery, states, availability
publisher.py  what has changed goes to the broker, a bounded number at once
role.py       the role ``results``
"""
