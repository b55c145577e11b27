"""Unusual use as a rule: what ``energyguard.detection`` finds of each device, as scores and words.

scorer.py     readings of a channel in, scores of the rule out
answers.py    what people knew about, and by how much that raises a bar
evidence.py   what an alert says for itself, as names and amounts, and back

What is usual, and how rare what is not, is the business of ``energyguard/detection``.
"""
