"""Results back to the house: of each device and site what it draws, used, and whether it alerts.

measured.py   the results of all devices and their sites, from the service
messages.py   how Home Assistant is told: discovery, states, availability
publisher.py  what has changed goes to the broker, a bounded number at once
role.py       the role ``results``
"""
