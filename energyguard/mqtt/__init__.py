"""Readings that devices send to an MQTT broker (docs/mqtt.md, decision 0033).

packets.py      MQTT 5.0 and 3.1.1 as bytes
connection.py   the line to the broker; kept_line.py: opened again where it is lost
arrivals.py     when messages came, so that a repeat is the same reading
dialect.py      what a dialect is; dialects/ has one file each, registry.py all in order
moments.py      when a message was measured
discovery.py    sensors that say what they are to Home Assistant
templates.py    where their values stand in a message
senders.py      names and models that devices say, for the catalogue
learned.py      what senders said of themselves, kept over restarts
sent_columns.py values to columns of readings, for what is polled too
taker.py        messages to readings in the log
subscriber.py   the session: taken by the log first, then acknowledged
role.py         the role ``mqtt``
"""
