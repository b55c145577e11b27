"""Pages that stand without the control room, each an HTML file here in one frame.

page.py    the frame, its look and its language
login.py   log-in, one-time links and invitations
answer.py  what links of messages lead to
fault.py   what went wrong
"""
