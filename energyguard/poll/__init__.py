"""Readings of devices that are asked for them (docs/poll.md, decision 0035).

targets.py      the file of devices, a ``[[target]]`` each
target_file.py  that file while it is used: read again when it changes
registers.py    a map of Modbus registers, a ``[[register]]`` each
source.py       what a source of answers is, and what a kind of device is
kinds/          the kinds, a file each; registry.py has them by name
http.py         one answer over HTTP, and which address may give it
modbus.py       registers over Modbus TCP
taker.py        answers to readings in the log
poller.py       who is asked when; back-off
states.py       which devices do not answer, for health and ``doctor``
trial.py        each device asked once: ``check poll``
role.py         the role ``poll``
"""
