"""Notifications: who is told of alerts outside of the page, and how it went.

view.py         the view: routes, each with its last message
route_form.py   a route as a form: a service with its fields, what is told, and when
sent_card.py    what was sent to whom
words.py        what services, fields, hours and deliveries are called
"""
