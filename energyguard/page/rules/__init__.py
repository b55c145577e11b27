"""What is watched, at which limits.

view.py        the view; card.py: one kind of rule with those that run
"""
