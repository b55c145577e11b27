"""Who may come in: tokens of programs, people with passwords, one-time links, log-ins.

    file.py       ``access.json`` of the data folder: all of it, as hashes
    tokens.py     tokens, links and log-ins
    people.py     people, their invitations and passwords
    passwords.py  argon2id, a few at a time

What a role may do stands in ``model/access.py``; which role a path needs in
``api/gate/permissions.py``; what somebody who is limited to sites sees in
``service/limited/service.py``.
"""
