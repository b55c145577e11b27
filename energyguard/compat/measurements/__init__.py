"""The measurement store's verbs (system B).

door.py          the door
answers.py       the bodies of its requests and answers
readings.py      its measurements, as they are sent, kept and shown
sensors.py       taking them in, and asking for them
alarms.py        its thresholds and alerts
nodes.py         its verbs for nodes
alert_bridge.py  its alarms as the product's own alerts
"""
