"""Messages out of the house: to whom they may go, how they are sent, what their links allow.

targets.py   an address as people write it, and what of it may be shown
entered.py   an address made of the few fields that a service needs
seal.py      addresses encrypted in the log; links that say who made them
hours.py     quiet hours, and hours in which a route is told anything
senders.py   one message to one address: by mail, as a webhook, through a service
"""
