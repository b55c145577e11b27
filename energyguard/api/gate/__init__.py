"""Who is asking, and what they may: before anything else sees a request.

auth.py         the gate: a token, a key of another system's dialect, or a log-in
sessions.py     log-ins: a signed cookie that names one
permissions.py  which role each path needs
attempts.py     failed ones are counted and slowed
audited.py      who came in and who was refused, for the audit
"""
