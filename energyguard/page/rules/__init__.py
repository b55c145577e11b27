"""What is watched, at which limits.

view.py        the view; card.py: the rules, a row each
new.py         a new rule; change.py: one changed in place, its last changes, undo
fields.py      the fields of a kind as a form; words.py: what they are called
preview.py     which devices a rule is about, and what it would say
"""
