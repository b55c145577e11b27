"""Who is told of alerts outside of the house, as admins set it up.

contract.py   what page, API and CLI may rely on
routes.py     routes: made, changed, tried and removed; what was sent
"""
