"""Who may come in, and one's own settings.

list.py        people and tokens; rights.py: roles and sites; audit_card.py: who did what
person.py      one's own language, numbers and hours; own_account.py: one's own password
"""
